import ArgumentParser
import Foundation
import HealEngine
import HealModel
import LiveMachine
import Rendering
import Serving

/// `selfheal serve`
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Answers over HTTP whether the application could start: /healthz, /metrics and the report as a page.",
        discussion: """
            It only ever looks, when it is asked: /healthz answers 200 when all is well or there are only warnings, else 503; \
            /metrics answers in the format of Prometheus; / is the report as a page.

            Exit status: 0 it was asked to stop; 1 it cannot listen there; 64 the command line is wrong.
            """)

    @Option(
        help: ArgumentHelp(
            "Where it listens: an IP address and a port; port 0 is any that is free.", valueName: "address:port"))
    var listen = "127.0.0.1:9393"

    @Flag(help: "Listen where other computers can come to, too. Whoever can reach it can read the report.")
    var allowRemote = false

    @Option(help: ArgumentHelp("For how long an answer is good, in seconds.", valueName: "seconds"))
    var cache: Double = 5

    @OptionGroup var location: LocationOptions

    @Option(
        help: ArgumentHelp("Look only for these findings, or groups of them.", valueName: "id"), completion: .findings)
    var only: [String] = []

    @Option(help: ArgumentHelp("Leave these findings out.", valueName: "id"), completion: .findings)
    var skip: [String] = []

    @OptionGroup var plugins: PluginOptions

    @Option(help: ArgumentHelp("How many checks look at once (1 to 256).", valueName: "n"))
    var jobs: Int = 8

    @Option(help: ArgumentHelp("How long a look waits for a busy database, in seconds.", valueName: "seconds"))
    var timeout: Double = 5

    func validate() throws {
        guard let address = ListenAddress(listen) else {
            throw ValidationError("--listen takes an IP address and a port: 127.0.0.1:9393, [::1]:9393")
        }
        guard address.isLoopback || allowRemote else {
            throw ValidationError(
                "--listen \(listen): other computers could read the report; --allow-remote if they may")
        }
        guard cache.isFinite, cache >= 0, cache <= 3600 else {
            throw ValidationError("--cache takes seconds from 0 to 3600")
        }
        guard (1...256).contains(jobs) else { throw ValidationError("--jobs takes a whole number from 1 to 256") }
        try Seconds.require(timeout, of: "--timeout")
    }

    func run() async throws {
        let settings = RunSettings(
            manifest: location.manifest, root: location.root, only: only, skip: skip, quiet: true,
            pluginPath: plugins.pluginPath, jobs: jobs,
            timeout: timeout)
        let console = Console()
        do throws(UsageFailure) {
            _ = try location.place()
        } catch {
            throw console.refuse(.usage, [error.message])
        }
        let looks = Looks(
            request: .validation(settings, checkOnly: true), freshness: .milliseconds(Int64(cache * 1000)),
            console: console, interruption: Program.interruption, threads: jobs)
        guard let address = ListenAddress(listen) else { throw ExitCode(.usage) }
        let server: WebServer
        do {
            server = try WebServer(address, paths: ServedPages.paths) { path in
                ServedPages.page(path, await looks.current())
            }
        } catch {
            throw console.refuse(.critical, ["cannot listen on \(listen): \(error)"])
        }
        let host = listen.prefix(upTo: listen.lastIndex(of: ":") ?? listen.endIndex)
        console.inform("Serving http://\(host):\(server.port)/ with /healthz and /metrics")
        let interruption = Program.interruption
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    try await server.run()
                } catch {
                    if !interruption.isRaised { _ = console.refuse(.critical, ["the server ended: \(error)"]) }
                }
            }
            group.addTask {
                while !interruption.isRaised, !Task.isCancelled { try? await Task.sleep(for: .milliseconds(50)) }
            }
            await group.next()
            group.cancelAll()
            // What is looking ends what it has started; nothing else is left to do.
            if interruption.isRaised {
                await looks.finish(within: .seconds(3))
                Foundation.exit(ExitStatus.ok.rawValue)
            }
        }
        throw ExitCode(.critical)
    }
}
