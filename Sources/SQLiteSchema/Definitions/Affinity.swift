/// How SQLite treats values that are stored in a column (<https://sqlite.org/datatype3.html>).
public enum Affinity: String, Sendable {
    case integer, text, blob, real, numeric

    /// The affinity that SQLite derives from a declared type.
    public init(declaredType: String) {
        let type = declaredType.asciiLowercased
        if type.contains("int") {
            self = .integer
        } else if type.contains("char") || type.contains("clob") || type.contains("text") {
            self = .text
        } else if type.contains("blob") || type.isEmpty {
            self = .blob
        } else if type.contains("real") || type.contains("floa") || type.contains("doub") {
            self = .real
        } else {
            self = .numeric
        }
    }
}
