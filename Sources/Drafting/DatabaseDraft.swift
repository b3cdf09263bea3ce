import HealKit
import HealManifest
import HealModel
import ManifestShape
import SQLiteSchema

/// How one database is stated so that it is exactly what is expected of it; tried out before it is believed.
struct DatabaseDraft {
    var text: DatabaseText
    /// The schema file, where there is one.
    var file: (path: ResourcePath, text: String)?
    var tables: Int
    /// What of it could not be stated, or stands out.
    var notes: [String]

    /// Schema files stand in this folder, by the path of the database.
    static let folder = "schemas"
    /// So many objects that nothing can be made of are left out one by one.
    private static let faultLimit = 20

    enum Result {
        case stated(DatabaseDraft)
        case leftOut(String)
    }

    /// - Parameter key: the path, or a pattern that fits it and others like it.
    static func make(
        _ path: ResourcePath, key: String? = nil, found: FoundSchema, on machine: any Machine
    ) async -> Result {
        var comments: [String] = []
        if key == nil, path.asPattern != path.text {
            comments.append("A pattern that fits this one file, whose name has wildcards in it.")
        }
        let key = key ?? path.asPattern
        var found = found
        var notes: [String] = []
        for _ in 0..<faultLimit {
            var text = DatabaseText(key: key, form: .empty, pragmas: found.pragmas, comments: comments)
            text.comments += notes.map { "Left out: \($0)" }
            let tables = found.schema.objects.filter { $0.kind == .table }.count
            let said: [String] = notes.map { "\(path.text): " + $0 }
            var draft = DatabaseDraft(text: text, tables: tables, notes: said)
            if found.schema.objects.isEmpty {
                if let refusal = await draft.accepted(strict: notes.isEmpty, on: machine) {
                    return .leftOut(refusal.reason(path))
                }
                return .stated(draft)
            }
            if let statement = SchemaStatement(found.schema), statement.isHandy {
                draft.text.form = .tables(statement)
                if await draft.accepted(strict: notes.isEmpty, on: machine) == nil { return .stated(draft) }
            }
            guard let file = try? path.schemaFile(in: folder) else {
                return .leftOut("\(path): its name is too long")
            }
            let script = found.script
            draft.text.form = .script(file)
            draft.file = (file, script.text)
            guard let refusal = await draft.accepted(strict: notes.isEmpty, on: machine) else { return .stated(draft) }
            guard let faulty = refusal.object(in: script.lines, of: file) else { return .leftOut(refusal.reason(path)) }
            notes.append("\(faulty.kind.rawValue) \(faulty.name.text.printable), because \(refusal.message)")
            found = found.without([faulty])
        }
        return .leftOut("\(path): more of it does not work than can be left out")
    }

    /// Why it would not do.
    private enum Refusal {
        case problems(ManifestProblems)
        case findings([Finding])
        case error(MachineError)

        var message: String {
            switch self {
            case .problems(let problems): problems.all.first?.message ?? ""
            case .findings(let findings): findings.first?.message ?? ""
            case .error(let error): error.explanation
            }
        }

        func reason(_ path: ResourcePath) -> String {
            message.hasPrefix(path.text) ? message : "\(path): \(message)"
        }

        /// The object whose statement is at fault.
        func object(
            in lines: [(line: Int, object: SchemaObject)], of file: ResourcePath
        ) -> SchemaObject? {
            guard case .problems(let problems) = self, let place = problems.all.first?.location, place.file == file.text
            else { return nil }
            return lines.last { $0.line <= place.line }?.object
        }
    }

    /// - Returns: `nil` when a look finds nothing that the schema is to blame for.
    private func accepted(strict: Bool, on machine: any Machine) async -> Refusal? {
        let manifest = (["version: 1", "databases:"] + text.lines(strict: strict)).joined(separator: "\n") + "\n"
        let files = file.map { [$0.path: $0.text] } ?? [:]
        switch await Trial(machine: machine).outcome(of: manifest, files: files) {
        case .refused(let problems): return .problems(problems)
        case .unknown(let error): return .error(error)
        case .findings(let findings):
            // That a file may not be written, or has several names, is not the schema's matter.
            let faults = findings.filter { !Self.aboutFile.contains($0.id) }
            return faults.isEmpty ? nil : .findings(faults)
        }
    }

    private static let aboutFile: Set<FindingID> = [
        "sqlite.file.read-only", "sqlite.file.hard-linked", "sqlite.file.log",
    ]
}

extension SchemaStatement {
    /// Whether people would keep it column by column.
    fileprivate var isHandy: Bool {
        tables.reduce(0) { $0 + $1.columns.count } <= 3000
            && (views + triggers).reduce(0) { $0 + $1.body.utf8.count } <= 256 << 10
    }
}

extension ResourcePath {
    /// Where the database's schema is written: `schemas/app/data.db.sql`. Names may have 255 bytes; of a longer one the
    /// beginning is taken, and a number that stands for all of it.
    fileprivate func schemaFile(in folder: String) throws(PathProblem) -> ResourcePath {
        let whole = try ResourcePath("\(folder)/\(text).sql")
        guard whole.name.utf8.count > 255 else { return whole }
        let hash = name.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        var stem = name
        while stem.utf8.count > 200 { stem.removeLast() }
        return whole.sibling(named: "\(stem)-\(String(hash, radix: 16)).sql")
    }

    /// A key of `databases` that fits this file and no other: wildcards in its name would be taken for a pattern.
    var asPattern: String {
        guard text.contains(where: { "*?[".contains($0) }) else { return text }
        return text.map { "*?[".contains($0) ? "[\($0)]" : String($0) }.joined()
    }
}
