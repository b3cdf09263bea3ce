/// Adds variables to `.env` files in forms that every dialect reads alike.
public enum DotEnvWriter {
    /// The contents with variables added at the end, one per line.
    ///
    /// What is there stays as it is, byte for byte. The new lines end as the file's lines do, with CRLF if most of them
    /// do and with LF otherwise; if the last line is not ended, it is first. A value is bare if it is made of
    /// `[A-Za-z0-9_./:@%+=,-]` only, else in single quotes if they protect it in every dialect, else in double quotes
    /// if they do.
    ///
    /// The result is read back in all four dialects before it is returned, except in those that refuse the file as it
    /// is, and except in the shell if lines end in CRLF: there a carriage return is part of every bare value.
    ///
    /// - Parameters:
    ///   - variables: The names and values to add, in order.
    ///   - bytes: The file's contents so far.
    ///   - environment: The variables that substitutions in the file may use besides the file's own.
    /// - Returns: The new contents; the old ones if there is nothing to add.
    /// - Throws: ``NotPortable`` for the first variable that cannot be added.
    public static func appending(
        variables: [(name: String, value: String)],
        to bytes: [UInt8],
        environment: [String: String] = [:]
    ) throws(NotPortable) -> [UInt8] {
        guard let first = variables.first else { return bytes }
        let lineEnd = LineEnd.of(bytes)
        var result = lineEnd.ending(bytes)
        for (name, value) in variables {
            result += try line(name: name, value: Array(value.utf8))
            result += lineEnd.bytes
        }
        let misread = EnvDialect.allCases.filter { dialect in
            if dialect == .shell, lineEnd == .crlf { return false }
            let before = Reading.of(bytes, dialect: dialect, environment: environment)
            let after = Reading.of(result, dialect: dialect, environment: environment)
            return before.refusal == nil && !isExtended(before, to: after, by: variables)
        }
        guard misread.isEmpty else { throw NotPortable(variable: first.name, reason: .file(misread)) }
        return result
    }

    /// The line that sets a variable, without its end.
    private static func line(name: String, value: [UInt8]) throws(NotPortable) -> [UInt8] {
        let bytes = Array(name.utf8)
        guard ProperName.text(bytes[...]) != nil else { throw NotPortable(variable: name, reason: .name) }
        // JavaScript objects do not take a text under this name.
        if name == "__proto__" || ShellNames.readonly.contains(bytes) || ShellNames.live.contains(bytes) {
            throw NotPortable(variable: name, reason: .reservedName)
        }
        guard let form = PortableForm.of(value) else { throw NotPortable(variable: name, reason: .value) }
        return bytes + [Ascii.equals] + form.written(value)
    }

    /// Whether a file is read as before, and then the new variables.
    private static func isExtended(
        _ before: Reading, to after: Reading, by variables: [(name: String, value: String)]
    ) -> Bool {
        guard after.refusal == nil, after.problems == before.problems else { return false }
        // Compose takes a name that is not followed by a line break for the value of a variable without a name.
        let old = before.assignments.filter { !$0.name.isEmpty }
        let all = after.assignments.filter { !$0.name.isEmpty }
        guard all.count == old.count + variables.count, all.starts(with: old) else { return false }
        return zip(all.dropFirst(old.count), variables).allSatisfy { read, written in
            read.name == written.name && read.bytes == Array(written.value.utf8)
        }
    }
}
