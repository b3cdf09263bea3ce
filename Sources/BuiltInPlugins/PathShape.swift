import HealModel
import ManifestShape

/// A path as a manifest entry gives it, before `outside_root` is known.
struct PathText: Sendable, Hashable {
    var text = ""
    var outsideRoot = false

    func resolved() throws(ShapeFailure) -> ResourcePath {
        do {
            return try ResourcePath(text, outsideRoot: outsideRoot)
        } catch {
            throw ShapeFailure(error.explanation)
        }
    }

    /// The two fields that every entry with a path has.
    static func fields<Root>(_ target: any WritableKeyPath<Root, PathText> & Sendable) -> [Field<Root>] {
        [
            Field("path", .name, required: true, "Where it is, below the application's root.") { root, text in
                root[keyPath: target].text = text
            },
            outsideRootField(target),
        ]
    }

    static func outsideRootField<Root>(_ target: any WritableKeyPath<Root, PathText> & Sendable) -> Field<Root> {
        Field(
            "outside_root", .boolean, "The path may lie outside the root, and symbolic links may lead there."
        ) { root, outside in root[keyPath: target].outsideRoot = outside }
    }
}

extension Shape where Value == ResourcePath {
    /// A path below the application's root.
    static var path: Shape<ResourcePath> {
        Shape<String>.name.map { (text: String) throws(ShapeFailure) -> ResourcePath in
            try PathText(text: text).resolved()
        }
    }
}
