/// A number that a check measured, as monitoring systems take it. Values are kept as they were written.
///
/// The members are those of performance data in the Monitoring Plugins Development Guidelines.
public struct Measurement: Hashable, Sendable, Codable {
    public var label: String
    /// A decimal number.
    public var value: String
    /// `s`, `%`, `B`, `c` for a counter …; empty for a plain number.
    public var unit: String
    /// The range outside which it is a warning; `nil` when none was stated.
    public var warning: String?
    public var critical: String?
    public var minimum: String?
    public var maximum: String?

    public init(
        _ label: String, value: String, unit: String = "", warning: String? = nil, critical: String? = nil,
        minimum: String? = nil, maximum: String? = nil
    ) {
        self.label = label
        self.value = value
        self.unit = unit
        self.warning = warning
        self.critical = critical
        self.minimum = minimum
        self.maximum = maximum
    }
}
