import HealModel

/// How repairs read. Everything is derived from the words that the repair itself brings.
enum Wording {
    /// As `validate-startup` says it: `Adding column 'updated_at' to product_catalog in data.db`.
    static func doing(_ repair: Repair) -> String {
        guard copied(by: repair) != nil, !repair.doing.hasSuffix(" template") else { return repair.doing }
        return repair.doing + " template"
    }

    /// As `auto-heal` says it, with names bare: `Adding column updated_at to product_catalog in data.db`.
    static func bare(_ repair: Repair) -> String {
        let parts = repair.doing.split(separator: "'", omittingEmptySubsequences: false)
        // Only pairs of quotation marks around plain names: an apostrophe stays.
        guard parts.count > 1, parts.count % 2 == 1 else { return repair.doing }
        let quoted = parts.indices.filter { $0 % 2 == 1 }
        let plain = quoted.allSatisfy { index in
            !parts[index].isEmpty && parts[index].utf8.allSatisfy(isWordByte)
        }
        return plain ? parts.joined() : repair.doing
    }

    /// `Successfully added updated_at to product_catalog`.
    static func success(_ repair: Repair) -> String {
        if let path = copied(by: repair) { return "\(path) file created successfully" }
        return "Successfully " + lowercasedFirst(repair.done)
    }

    /// `Another process had already added updated_at to product_catalog`.
    static func unneeded(_ repair: Repair) -> String {
        "Another process had already " + lowercasedFirst(repair.done)
    }

    /// `Would heal by adding column 'updated_at' to product_catalog in data.db`.
    static func would(_ repair: Repair) -> String {
        "Would heal by " + lowercasedFirst(repair.doing)
    }

    /// What exactly is to be done, before it is done: a repair's `detail` may speak of the past.
    static func steps(_ repair: Repair) -> String {
        repair.steps.map(step).joined(separator: "; ")
    }

    private static func step(_ step: Step) -> String {
        switch step.shown {
        case .createDirectory(let path, let mode): "mkdir \(path) (mode \(mode))"
        case .copyTemplate(let template, let destination, let mode): "copy \(template) to \(destination) (mode \(mode))"
        case .setMode(let path, let mode, let previous): "chmod \(mode) \(path) (now \(previous))"
        case .createDatabase(let path, let pragmas, let statements):
            (["create \(path)"] + pragmas + statements).joined(separator: "; ")
        case .executeSQL(_, let statements), .rewriteDatabase(_, let statements, _): statements.joined(separator: "; ")
        case .recoverJournal(let database): "open \(database) for writing, so that SQLite rolls back"
        case .setJournalMode(_, let mode, let previous):
            "PRAGMA journal_mode = \(mode.rawValue) (now \(previous.rawValue))"
        case .restoreDatabase(let database, let backup):
            "keep \(database) as \(database).damaged-<time>; copy \(backup) to \(database)"
        case .salvageDatabase(let database):
            "copy what can be read of \(database) into a new database; keep the old one as \(database).damaged-<time>"
        case .finishReplacement(let database): "give \(database) its name"
        case .rewindDatabase(let database, let backup, _):
            "back up \(database), then copy \(backup) into it through SQLite, in one transaction"
        case .placeDatabase(let database, let backup): "copy \(backup) to \(database)"
        case .appendText(let path, let text, _): "append to \(path): \(Wording.lines(text))"
        case .removeText(let path, let text, _): "remove from the end of \(path): \(Wording.lines(text))"
        case .askPlugin(let plugin, _): "ask the plugin \(plugin) to heal it"
        case .populate(let dataset): "populate \(dataset) as the manifest states"
        case .removeDirectory(let path): "rmdir \(path)"
        case .removeFile(let path, let template): "rm \(path), if it still holds what \(template) holds"
        case .setAsideDatabase(let path, _): "move \(path) to .selfheal/backups, if it holds no rows"
        }
    }

    /// What a repair came to, and why, as words that follow its own: `failed: permission denied`; `nil` when it succeeded.
    static func failure(_ record: RepairRecord) -> String? {
        let verb: String
        switch record.outcome {
        case .applied, .unneeded: return nil
        case .refused: verb = "was refused"
        case .failed: verb = "failed"
        case .undone: verb = "was taken back"
        case .notStarted: verb = "not started"
        }
        return record.reason.map { "\(verb): \(without(record.finding.subject, $0))" } ?? verb
    }

    /// Why a check could not look, or did not.
    static func reason(_ check: CheckResult) -> String {
        check.reason.map { without(check.subject, $0) } ?? "no reason was given"
    }

    /// A reason without the resource's name in front, which the line gives already.
    private static func without(_ subject: String, _ reason: String) -> String {
        let prefix = subject + ": "
        return reason.hasPrefix(prefix) ? String(reason.dropFirst(prefix.count)) : reason
    }

    /// `1 warning`, `2 warnings`.
    static func count(_ number: Int, _ noun: String) -> String {
        "\(number) \(noun)\(number == 1 ? "" : "s")"
    }

    /// A text's lines on one: `A=1; B=2`.
    static func lines(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).joined(separator: "; ")
    }

    /// `9,990`.
    static func grouped(_ number: Int) -> String {
        let digits = String(abs(number))
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return number < 0 ? "-" + text : text
    }

    /// The first of several, and how many more there are: `a, b, c and 2 more`.
    static func list(_ names: [String], limit: Int = 3) -> String {
        let shown = names.prefix(limit).joined(separator: ", ")
        return names.count > limit ? "\(shown) and \(names.count - limit) more" : shown
    }

    /// `850 µs`, `1.2 ms`, `3.2 s`, `2 min 5 s`.
    static func duration(microseconds: Int64) -> String {
        switch microseconds {
        case ..<1_000: "\(microseconds) µs"
        case ..<1_000_000: tenths(microseconds / 100) + " ms"
        case ..<60_000_000: tenths(microseconds / 100_000) + " s"
        default: "\(microseconds / 60_000_000) min \(microseconds / 1_000_000 % 60) s"
        }
    }

    /// The words with a small first letter, unless they begin with an abbreviation.
    static func lowercasedFirst(_ text: String) -> String {
        guard let first = text.first, text.dropFirst().first?.isUppercase != true else { return text }
        return first.lowercased() + text.dropFirst()
    }

    private static func tenths(_ number: Int64) -> String { "\(number / 10).\(number % 10)" }

    /// What a repair copies from a template, if that is what it does.
    private static func copied(by repair: Repair) -> ResourcePath? {
        for step in repair.steps {
            if case .copyTemplate(_, let destination, _) = step { return destination }
        }
        return nil
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        byte == 0x5F || (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
    }
}
