import HealModel
import Synchronization

/// What a plugin calls the subjects of its findings, where that must not be shown: it is asked to heal what it has named, and not
/// what is left of the name.
final class SubjectNames: Sendable {
    private let names = Mutex<[Finding.Key: String]>([:])

    /// The plugin's own name of a subject.
    func own(_ key: Finding.Key) -> String { names.withLock { $0[key] } ?? key.subject }

    /// The subject as it may be shown, another one for each that the plugin names.
    func shown(_ own: String, _ id: FindingID, _ redact: Redactor) -> String {
        let redacted = redact(own)
        if redacted == own { return own }
        return names.withLock { names in
            var shown = redacted
            var count = 1
            while let other = names[Finding.Key(id: id, subject: shown)], other != own {
                count += 1
                shown = "\(redacted) (\(count))"
            }
            names[Finding.Key(id: id, subject: shown)] = own
            return shown
        }
    }
}
