import ArgumentParser
import Datasets
import ExternalPlugins
import HealKit
import HealModel
import LiveMachine
import Populating
import Rendering

/// `selfheal data quarantine`
struct DataQuarantineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quarantine",
        abstract: "Shows the rows and units that were set aside, tries them again, or gives them up.",
        subcommands: [List.self, Replay.self, Discard.self], defaultSubcommand: List.self)

    /// `selfheal data quarantine list`
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Shows what was set aside, and why.")

        @Argument(help: ArgumentHelp("Datasets, or single items: parts/12. None: everything.", valueName: "item"))
        var items: [String] = []

        @OptionGroup var options: DataOptions

        @Option(help: "How it is written; json: a line each, with the rows.")
        var format: ListFormat = .text

        func run() async throws {
            let console = Console(format: format.output, color: options.color, tool: "selfheal data quarantine")
            throw await console.answering { () async throws(DataRefusal) in
                let session = try await DataSession(options, mayChange: false)
                let (chosen, unknown) = try await DataQuarantineCommand.choose(items, session)
                console.emit(
                    chosen.map { item in
                        format == .json
                            ? DataQuarantineCommand.json(item, session) : DataQuarantineCommand.text(item, session)
                    }.joined())
                for one in unknown { console.emit(format == .json ? one.json : one.text) }
                if chosen.isEmpty, unknown.isEmpty, format == .text { console.emit("[OK] nothing is set aside\n") }
                return unknown.isEmpty ? .ok : .critical
            }
        }
    }

    /// `selfheal data quarantine replay`
    struct Replay: QuarantineChange {
        static let configuration = CommandConfiguration(
            commandName: "replay",
            abstract: "Writes rows that were set aside after all, and has units done again with the next heal.",
            discussion:
                "Exit status: 0 all of them; 1 some do not fit any better than before; 64 there is no such item.")

        @Argument(help: ArgumentHelp("Datasets, or single items: parts/12.", valueName: "item"))
        var items: [String]

        @OptionGroup var options: DataOptions

        func change(
            _ item: Quarantine.Item, in quarantine: Quarantine
        ) async throws(SourceFailure) -> (isGood: Bool, words: String) {
            switch try await quarantine.replay(item) {
            case .written: (true, "written")
            case .pending: (true, "pending again: 'selfheal data heal' does it")
            case .refused(let why): (false, "does not fit: \(why)")
            }
        }
    }

    /// `selfheal data quarantine discard`
    struct Discard: QuarantineChange {
        static let configuration = CommandConfiguration(
            commandName: "discard",
            abstract: "Gives up what was set aside: rows are gone, units count as done without rows.")

        @Argument(help: ArgumentHelp("Datasets, or single items: parts/12.", valueName: "item"))
        var items: [String]

        @OptionGroup var options: DataOptions

        func change(
            _ item: Quarantine.Item, in quarantine: Quarantine
        ) async throws(SourceFailure) -> (isGood: Bool, words: String) {
            try await quarantine.discard(item)
            return (true, "given up")
        }
    }

    // MARK: What they share

    fileprivate static func quarantine(_ session: DataSession) -> Quarantine {
        let redactor = session.redactor
        return Quarantine(session.graph, on: session.machine) { redactor($0) }
    }

    /// A dataset of which nobody can say what is set aside.
    fileprivate struct Unknown {
        var dataset: String
        var kind: FailureClass
        var message: String

        var text: String { "[ERROR] \(dataset): \(message)\n" }
        var json: String {
            JSONContent.object([
                .init("item", .null), .init("dataset", .text(dataset)), .init("class", .text(kind.rawValue)),
                .init("message", .text(message)),
            ]).text + "\n"
        }
    }

    /// - Throws: when one of the words is neither a dataset nor an item that is set aside.
    fileprivate static func choose(
        _ words: [String], _ session: DataSession
    ) async throws(DataRefusal) -> (items: [Quarantine.Item], unknown: [Unknown]) {
        var names: Set<String> = []
        var single: Set<String> = []
        for word in words {
            if let slash = word.lastIndex(of: "/") {
                single.insert(word)
                names.insert(String(word[..<slash]))
            } else {
                names.insert(word)
            }
        }
        if let unknown = names.sorted().first(where: { session.graph[$0] == nil }) {
            throw DataRefusal(.usage, "there is no dataset '\(unknown)'")
        }
        let all: [Quarantine.Item]
        let unknown: [Unknown]
        do throws(SourceFailure) {
            let found = try await quarantine(session).look(at: words.isEmpty ? Set(session.graph.names) : names)
            all = found.items
            unknown = found.unknown.map { dataset, failure in
                Unknown(dataset: dataset, kind: failure.kind, message: session.redactor(failure.message))
            }
        } catch {
            throw DataRefusal(.critical, session.redactor(error.message))
        }
        if let missing = single.sorted().first(where: { name in
            !all.contains { $0.name == name } && !unknown.contains { name.hasPrefix($0.dataset + "/") }
        }) {
            throw DataRefusal(.usage, "nothing is set aside as '\(missing)'")
        }
        let chosen = all.filter { item in
            words.isEmpty || single.contains(item.name) || words.contains(item.dataset)
        }
        return (chosen, unknown)
    }

    private static func text(_ item: Quarantine.Item, _ session: DataSession) -> String {
        let what = item.isUnit ? "unit" : "row of unit"
        let unit = session.redactor(JSONContent(item.unit).text)
        return SafeText.line(
            "\(item.name)  \(Timestamp.readable(milliseconds: item.time)) UTC  \(what) \(unit)"
                + (item.isOfNewTable ? " of a new table" : "") + "  \(item.kind.rawValue): "
                + session.redactor(item.message)) + "\n"
    }

    private static func json(_ item: Quarantine.Item, _ session: DataSession) -> String {
        let redactor = session.redactor
        let content = JSONContent.object([
            .init("item", .text(item.name)), .init("dataset", .text(item.dataset)),
            .init("what", .text(item.isUnit ? "unit" : "row")),
            .init("unit", redacted(JSONContent(item.unit), redactor)),
            .init("class", .text(item.kind.rawValue)), .init("message", .text(redactor(item.message))),
            .init("time", .integer(item.time)), .init("new_table", .boolean(item.isOfNewTable)),
            .init("content", .text(QuarantinedContent.redacted(item.content) { redactor($0) })),
        ])
        return SafeText.json(content.text) + "\n"
    }

    private static func redacted(_ unit: JSONContent, _ redactor: Redactor) -> JSONContent {
        let shown = redactor(unit.text)
        // Only a text has more than its value.
        if case .text(let text) = unit { return .text(redactor(text)) }
        return shown == unit.text ? unit : .text(shown)
    }
}

/// A command that does something to each of the items that were chosen.
protocol QuarantineChange: AsyncParsableCommand {
    /// Datasets, or single items.
    var items: [String] { get }
    var options: DataOptions { get }
    /// - Returns: whether it was done, and what became of the item.
    func change(
        _ item: Quarantine.Item, in quarantine: Quarantine
    ) async throws(SourceFailure) -> (isGood: Bool, words: String)
}

extension QuarantineChange {
    func run() async throws {
        let console = Console(color: options.color, tool: "selfheal data quarantine")
        throw await console.answering { () async throws(DataRefusal) in try await changeAll(console) }
    }

    private func changeAll(_ console: Console) async throws(DataRefusal) -> ExitStatus {
        let session = try await DataSession(options, mayChange: true)
        let lock = try await session.lock(tool: console.tool, wait: nil) { owner in
            console.inform("waiting: \(DataSession.words(owner))")
        }
        let quarantine = DataQuarantineCommand.quarantine(session)
        let (items, unknown) = try await DataQuarantineCommand.choose(items, session)
        for one in unknown { console.emit(one.text) }
        var status = unknown.isEmpty ? ExitStatus.ok : .critical
        for item in items {
            do throws(SourceFailure) {
                let (isGood, words) = try await change(item, in: quarantine)
                console.emit(SafeText.line("\(isGood ? "[OK]" : "[ERROR]") \(item.name): \(words)") + "\n")
                if !isGood { status = .critical }
            } catch {
                console.emit(SafeText.line("[ERROR] \(item.name): \(session.redactor(error.message))") + "\n")
                status = .critical
            }
        }
        withExtendedLifetime(lock) {}
        return status
    }
}
