extension [SchemaDeclaration] {
    /// A number for what the declarations say, wherever it stands: 128 bits of FNV-1a. Good enough to know one's own
    /// manifest again; whoever can change the manifest need not forge it.
    public var fingerprint: String {
        var hash = Fingerprint()
        hash.add(count)
        for declaration in self { hash.add(declaration) }
        return hash.text
    }
}

private struct Fingerprint {
    private var first: UInt64 = 0xCBF2_9CE4_8422_2325
    private var second: UInt64 = 0x6C62_272E_07BB_0142

    var text: String { String(first, radix: 16) + "-" + String(second, radix: 16) }

    private mutating func add(byte: UInt8) {
        first = (first ^ UInt64(byte)) &* 0x100_0000_01B3
        second = (second ^ UInt64(byte)) &* 0x100_0000_01B3 &+ 1
    }

    mutating func add(_ number: Int) {
        for shift in stride(from: 0, to: 64, by: 8) { add(byte: UInt8(truncatingIfNeeded: number >> shift)) }
    }

    /// With its length, so that no two lists of texts look the same.
    mutating func add(_ text: String) {
        add(text.utf8.count)
        for byte in text.utf8 { add(byte: byte) }
    }

    mutating func add(_ pairs: [NamedDeclaration]) {
        add(pairs.count)
        for pair in pairs {
            add(pair.name.text)
            add(pair.body.text)
        }
    }

    mutating func add(_ declaration: SchemaDeclaration) {
        add(declaration.tables.count)
        for table in declaration.tables {
            add(table.name.text)
            add(table.columns)
            add(table.constraints.count)
            for constraint in table.constraints { add(constraint.text) }
            add((table.isStrict ? 1 : 0) + (table.isWithoutRowid ? 2 : 0))
            add(table.indexes.count)
            for index in table.indexes {
                add(index.name.text)
                add(index.terms.count)
                for term in index.terms { add(term.text) }
                add((index.isUnique ? 1 : 0) + (index.predicate == nil ? 0 : 2))
                add(index.predicate?.text ?? "")
            }
            add(table.formerNames)
            add(table.backfills)
        }
        add(declaration.views)
        add(declaration.triggers)
        add(declaration.pragmas.count)
        for pragma in declaration.pragmas {
            add(pragma.name)
            add(pragma.value)
        }
        add(declaration.script?.text ?? "")
    }
}
