// swift-tools-version: 6.2
import PackageDescription

// Every target of ours: Swift 6 language mode (the tools version gives it) and warnings as errors. Dependencies are not
// affected, so a new compiler's warning in somebody else's code does not break our build.
let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let collections = Target.Dependency.product(name: "OrderedCollections", package: "swift-collections")
let sockets = Target.Dependency.product(name: "FlyingSocks", package: "FlyingFox")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")

func library(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], fixtures: Bool = false) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, resources: fixtures ? [.copy("Fixtures")] : [], swiftSettings: strict)
}

let package = Package(
    name: "SelfHeal",
    platforms: [.macOS(.v14)],
    products: [
        .executable(name: "validate-startup", targets: ["validate-startup"]),
        .executable(name: "auto-heal", targets: ["auto-heal"]),
        .executable(name: "selfheal", targets: ["selfheal"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/swhitty/FlyingFox", .upToNextMinor(from: "0.27.1")),
    ],
    targets: [
        // Values only: no I/O, imports nothing of ours.
        library("HealModel", []),
        library("DotEnv", []),
        // What a manifest section looks like: decodes it and describes it, from one declaration.
        library("ManifestShape", ["HealModel"]),
        // The protocols: Plugin, Check, Machine.
        library("HealKit", ["HealModel", "ManifestShape"]),
        library("HealManifest", ["HealModel", "ManifestShape", "Yams"]),
        library("SQLiteSchema", ["HealModel", "HealKit"]),
        library("BuiltInPlugins", ["HealModel", "HealKit", "ManifestShape", "SQLiteSchema", "DotEnv", "Datasets"]),
        // Tables that must be filled: what the manifest says of them, their graph, how they are.
        library("Datasets", ["HealModel", "ManifestShape", "HealKit"]),
        // Fills them: sources of rows, the work ledger, retries, the order of work.
        library("Populating", ["HealModel", "HealKit", "Datasets"]),
        // Executables that add checks and heals, by a protocol of their own or by that of Nagios.
        library(
            "ExternalPlugins",
            ["HealModel", "HealKit", "ManifestShape", "HealManifest", "Datasets", "Populating", "CSelfHeal", crypto]),
        // Checks whose repairs take a run back, or bring a backup back.
        library("Undoing", ["HealModel", "HealKit", "SQLiteSchema"]),
        // A manifest for what is there.
        library(
            "Drafting",
            ["HealModel", "HealKit", "ManifestShape", "HealManifest", "SQLiteSchema", "DotEnv", "BuiltInPlugins"]),
        .target(name: "CSelfHeal"),
        library("LiveMachine", ["HealModel", "HealKit", "CSelfHeal", subprocess, system]),
        library("Journal", ["HealModel", "HealKit", grdb]),
        library("HealEngine", ["HealModel", "HealKit", "ManifestShape", collections, crypto]),
        library("Rendering", ["HealModel", "ManifestShape", "Datasets"]),
        // A few pages over HTTP. Knows nothing of ours, and nothing else knows of its sockets.
        library("Serving", [sockets]),
        library(
            "Commands",
            [
                "HealModel", "HealKit", "ManifestShape", "HealManifest", "HealEngine", "BuiltInPlugins", "LiveMachine",
                "Journal", "Rendering", "SQLiteSchema", "Undoing", "Drafting", "ExternalPlugins", "Serving", "Datasets",
                "Populating",
                "CSelfHeal", arguments,
            ]),
        .executableTarget(name: "validate-startup", dependencies: ["Commands"], swiftSettings: strict),
        .executableTarget(name: "auto-heal", dependencies: ["Commands"], swiftSettings: strict),
        .executableTarget(name: "selfheal", dependencies: ["Commands"], swiftSettings: strict),
        // A machine in memory, for tests of checks and of the engine.
        library("TestSupport", ["HealModel", "HealKit"]),
        tests("HealModelTests", ["HealModel"]),
        tests(
            "DatasetsTests",
            ["HealModel", "HealKit", "ManifestShape", "HealManifest", "Datasets", "LiveMachine", "TestSupport"]),
        tests(
            "PopulatingTests",
            [
                "HealModel", "HealKit", "ManifestShape", "Datasets", "Populating", "LiveMachine", "CSelfHeal",
                "TestSupport",
            ]
        ),
        tests("UndoingTests", ["HealModel", "HealKit", "HealEngine", "SQLiteSchema", "LiveMachine", "Undoing"]),
        tests(
            "DraftingTests",
            [
                "HealModel", "HealKit", "HealManifest", "ManifestShape", "SQLiteSchema", "LiveMachine", "TestSupport",
                "Drafting",
            ]),
        tests("DotEnvTests", ["DotEnv"], fixtures: true),
        tests("ManifestShapeTests", ["HealModel", "ManifestShape"]),
        tests("HealManifestTests", ["HealModel", "ManifestShape", "HealManifest"], fixtures: true),
        tests("HealEngineTests", ["HealModel", "HealKit", "HealEngine", "TestSupport"]),
        tests("SQLiteSchemaTests", ["HealModel", "HealKit", "SQLiteSchema", "CSelfHeal", grdb]),
        tests(
            "BuiltInPluginsTests",
            [
                "HealModel", "HealKit", "ManifestShape", "SQLiteSchema", "BuiltInPlugins", "TestSupport", "CSelfHeal",
                grdb,
            ]),
        tests(
            "ExternalPluginsTests",
            ["HealModel", "HealKit", "ManifestShape", "HealManifest", "ExternalPlugins", "TestSupport"]),
        tests("LiveMachineTests", ["HealModel", "HealKit", "LiveMachine", "CSelfHeal", subprocess, system]),
        tests("JournalTests", ["HealModel", "HealKit", "LiveMachine", "Journal", grdb, subprocess, system]),
        tests("RenderingTests", ["HealModel", "ManifestShape", "Datasets", "Rendering", crypto], fixtures: true),
        tests("ServingTests", ["Serving"]),
        // Runs the built programs as a user does.
        tests(
            "CommandsTests",
            [
                "Commands", "Rendering", "ExternalPlugins", "CSelfHeal", arguments, grdb, "validate-startup",
                "auto-heal",
                "selfheal", subprocess, system, "Yams",
            ], fixtures: true),
    ]
)
