import HealModel

/// Texts as they stand in XML.
enum XMLText {
    /// On one line and harmless, which leaves characters that XML 1.0 knows; fit for an attribute, too.
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in SafeText.line(text).unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            // Only `]]>` would end something; nobody has to know where it may stand.
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
