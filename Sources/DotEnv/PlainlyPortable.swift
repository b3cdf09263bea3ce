extension DotEnvFile {
    /// Whether a file holds nothing but comments, empty lines and values of the plainest characters under ordinary names.
    ///
    /// All readers agree on such a file, and asking four of them takes longer than everything else about it. `false` says
    /// nothing.
    public static func isPlainlyPortable(_ bytes: [UInt8]) -> Bool {
        bytes.split(separator: Ascii.newline).allSatisfy { line in
            if line.first == UInt8(ascii: "#") { return line.allSatisfy { $0 >= 0x20 && $0 < 0x7F } }
            guard let equals = line.firstIndex(of: Ascii.equals) else { return line.isEmpty }
            let name = Array(line[..<equals])
            return ProperName.text(name[...]) != nil && !ShellNames.readonly.contains(name)
                && !ShellNames.live.contains(name) && name != Array("__proto__".utf8)
                && PortableForm.isPlain(line[(equals + 1)...])
        }
    }
}
