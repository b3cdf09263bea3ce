import HealModel

/// A line of SQL, and what it is compared by: two lines with one key say the same, whatever their spelling.
public struct ComparedLine: Hashable, Sendable {
    public var text: String
    public var key: String

    public init(_ text: String, key: String) {
        self.text = text
        self.key = key
    }
}

/// An object of a schema that is not as it is stated, as SQL in one form for both sides.
public struct ComparedObject: Hashable, Sendable {
    /// `table`, `index`, `view`, `trigger`, `pragma`.
    public var kind: String
    public var name: String
    /// As it was found; empty where nothing has the name.
    public var found: [ComparedLine]
    /// As it is stated; empty where the manifest does not name it.
    public var desired: [ComparedLine]
    /// What both texts do not show.
    public var notes: [String]

    public init(
        kind: String, name: String, found: [ComparedLine], desired: [ComparedLine], notes: [String] = []
    ) {
        self.kind = kind
        self.name = name
        self.found = found
        self.desired = desired
        self.notes = notes
    }
}

extension SchemaComparison {
    /// Everything that differs, object by object: tables in the order in which they are stated, each with its indexes, then
    /// views and triggers, then what the manifest does not name, then what the file itself is set to.
    ///
    /// - Parameters:
    ///   - differences: of this comparison, of its pragmas, and the extras that matter.
    ///   - keepsExtras: what the manifest does not name makes no difference, and stands on both sides.
    public func objects(
        of differences: [SchemaDifference], renames: [ColumnRename] = [], keepsExtras: Bool
    ) -> [ComparedObject] {
        var notes: [ObjectKey: [String]] = [:]
        var extras: [ObjectKey] = []
        var pragmas: [ComparedObject] = []
        for difference in differences {
            for key in difference.objects { notes[key, default: []] += difference.explanations }
            switch difference {
            case .extra(let extra) where extra.kind != .column: extras += difference.objects
            case .pragmaDiffers(let name, let expected, let found):
                pragmas.append(.pragma(name, found: found, expected: expected))
            case .newerApplication(let expected, let found):
                pragmas.append(.pragma("user_version", found: "\(found)", expected: "\(expected)"))
            case .foreignApplication(let expected, let found):
                pragmas.append(.pragma("application_id", found: "\(found)", expected: "\(expected)"))
            default: break
            }
        }
        var objects = ordered.compactMap { object -> ComparedObject? in
            let key = ObjectKey(object)
            guard let notes = notes[key], !extras.contains(key) else { return nil }
            return compared(object, renames, keepsExtras: keepsExtras, notes: notes)
        }
        objects += extras.compactMap { key in
            guard let object = found.objects.first(where: { ObjectKey($0) == key }) else { return nil }
            return ComparedObject(
                kind: object.kind.rawValue, name: object.name.text, found: lines(object, of: found), desired: [])
        }
        return objects + pragmas
    }

    /// The stated objects in the order in which they are shown.
    private var ordered: [SchemaObject] {
        let all = desired.stored.objects
        return all.filter { $0.kind == .table }.flatMap { table in
            [table] + all.filter { $0.kind == .index && $0.table == table.name }
        } + all.filter { $0.kind == .view } + all.filter { $0.kind == .trigger }
    }

    private func compared(
        _ object: SchemaObject, _ renames: [ColumnRename], keepsExtras: Bool, notes: [String]
    ) -> ComparedObject {
        let other =
            switch object.kind {
            case .table, .view: found.tableOrView(object.name)
            case .index: found.index(object.name) ?? found.tableOrView(object.name)
            case .trigger: found.trigger(object.name)
            }
        var result = ComparedObject(kind: object.kind.rawValue, name: object.name.text, found: [], desired: [])
        if let other, other.kind == .table, object.kind == .table, let wanted = desired.table(object.name),
            let actual = found.table(other.name)
        {
            let pair = ComparedTable(
                desired: wanted, found: actual, comparison: self,
                renames: renames.filter { $0.table == object.name }, keepsExtras: keepsExtras)
            (result.desired, result.found) = (pair.desiredLines, pair.foundLines)
        } else {
            result.desired = lines(object, of: desired.stored)
            result.found = other.map { lines($0, of: found) } ?? []
        }
        if result.found.map(\.key) == result.desired.map(\.key) { result.notes = notes }
        return result
    }

    /// An object by itself.
    private func lines(_ object: SchemaObject, of schema: StoredSchema) -> [ComparedLine] {
        switch object.kind {
        case .table where !object.isVirtual:
            guard let table = TableParser.parse(object.sql) else { return CodeLines(object.sql).lines }
            return ComparedTable(
                desired: table, found: table, comparison: self, renames: [], keepsExtras: true
            ).desiredLines
        case .index:
            // Both are read as on the table that is there, as they are compared.
            let table = found.table(object.table) ?? desired.table(object.table)
            guard let index = IndexDefinition.parse(object.sql, on: table) else { break }
            return [ComparedLine(object.sql.oneLine + ";", key: index.key)]
        default: break
        }
        return CodeLines(object.sql).lines
    }
}

/// Which object a difference is about. Triggers have names of their own.
private struct ObjectKey: Hashable {
    var isTrigger: Bool
    var name: SQLName

    init(_ name: SQLName, isTrigger: Bool = false) {
        self.name = name
        self.isTrigger = isTrigger
    }

    init(_ object: SchemaObject) { self.init(object.name, isTrigger: object.kind == .trigger) }
}

extension SchemaDifference {
    fileprivate var objects: [ObjectKey] {
        switch self {
        case .tableMissing(let table, let indexes): [ObjectKey(table.name)] + indexes.map { ObjectKey($0.name) }
        case .virtualTableMissing(let code), .virtualTableDiffers(let code, _), .viewMissing(let code),
            .viewDiffers(let code, _):
            [ObjectKey(code.name)]
        case .columnMissing(let missing): [ObjectKey(missing.table)]
        case .columnRenamed(let rename): [ObjectKey(rename.table)]
        case .columnDiffers(let table, _, _), .tableDiffers(let table, _): [ObjectKey(table)]
        case .indexMissing(let index), .indexDiffers(let index, _): [ObjectKey(index.name)]
        case .triggerMissing(let code), .triggerDiffers(let code, _): [ObjectKey(code.name, isTrigger: true)]
        case .nameTaken(let name, _, _): [ObjectKey(name)]
        case .pragmaDiffers, .newerApplication, .foreignApplication: []
        case .extra(let extra):
            [
                ObjectKey(
                    extra.kind == .column ? extra.table ?? extra.name : extra.name, isTrigger: extra.kind == .trigger)
            ]
        }
    }

    fileprivate var explanations: [String] {
        switch self {
        case .columnDiffers(_, let column, let aspects): aspects.map { "\(column): \($0.explanation)" }
        case .tableDiffers(_, let aspects): aspects.map(\.explanation)
        default: []
        }
    }
}

extension ComparedObject {
    fileprivate static func pragma(_ name: String, found: String, expected: String) -> ComparedObject {
        ComparedObject(
            kind: "pragma", name: name, found: [ComparedLine("PRAGMA \(name) = \(found);", key: found)],
            desired: [ComparedLine("PRAGMA \(name) = \(expected);", key: expected)])
    }
}

extension IndexDefinition {
    /// What two spellings of one index share.
    fileprivate var key: String {
        let terms = terms.map { term in
            (term.expression.tokens + [term.collation ?? "", term.isDescending ? "desc" : ""]).joined(
                separator: "\u{1}")
        }
        return ([name.key, table.key, isUnique ? "unique" : ""] + terms + (predicate?.tokens ?? []))
            .joined(separator: "\u{2}")
    }
}

/// Views, triggers and virtual tables, cut into lines where people would.
private struct CodeLines {
    private(set) var lines: [ComparedLine] = []

    private static let opening: Set<String> = [
        "begin", "except", "from", "group", "having", "intersect", "join", "left", "inner", "cross", "natural", "limit",
        "order", "select", "union", "values", "where",
    ]
    private static let joining: Set<String> = ["left", "inner", "cross", "natural", "outer"]
    private static let keeping: Set<String> = ["delete", "distinct"]

    init(_ sql: String) {
        let text = SQLText(sql)
        var end = text.tokens.count
        while end > 0, text.kind(end - 1) == .semicolon { end -= 1 }
        let isTrigger = end > 1 && text.isWord(1, "trigger")
        let head = isTrigger ? text.tokens.indices.first { text.isWord($0, "begin") } ?? end : 0
        var start = 0
        for index in 0..<end {
            let isLast = index == end - 1
            let next = isLast ? "" : text.kind(index + 1) == .word ? text.folded(index + 1) : ""
            let word = text.kind(index) == .word ? text.folded(index) : ""
            let opens =
                Self.opening.contains(next) && !Self.keeping.contains(word)
                && !(Self.joining.contains(word) && (next == "join" || Self.joining.contains(next)))
            guard isLast || opens || text.kind(index) == .semicolon || (index == head && isTrigger) else { continue }
            add(text, start..<index + 1, isLast: isLast, head: head)
            start = index + 1
        }
    }

    private mutating func add(_ text: SQLText, _ range: Range<Int>, isLast: Bool, head: Int) {
        let line = text.oneLine(range)
        let isFrame = lines.isEmpty || text.isWord(range.lowerBound, "begin") || text.isWord(range.lowerBound, "end")
        // Before BEGIN, BEFORE and FOR EACH ROW say what goes without saying.
        let tokens = range.filter { index in
            guard index < head else { return true }
            return !["before", "for", "each", "row"].contains(text.kind(index) == .word ? text.folded(index) : "")
        }
        lines.append(
            ComparedLine(
                (isFrame ? "" : "    ") + line + (isLast ? ";" : ""),
                key: tokens.map { text.folded($0) }.joined(separator: "\u{1}")))
    }
}

extension SchemaComparison {
    /// Everything that is stated, as missing.
    public static func ofNothing(_ desired: DesiredSchema) -> [ComparedObject] {
        let comparison = SchemaComparison(desired: desired, found: StoredSchema([SchemaObject]()))
        var objects = comparison.objects(of: comparison.differences(), keepsExtras: true)
        objects += desired.pragmas.map { pragma in
            ComparedObject(
                kind: "pragma", name: pragma.name, found: [],
                desired: [ComparedLine(pragma.statement + ";", key: pragma.value)])
        }
        return objects
    }
}
