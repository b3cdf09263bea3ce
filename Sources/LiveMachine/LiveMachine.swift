import Glibc
import HealKit
import HealModel

/// The one implementation of `Machine`: this computer, below the application's root.
///
/// Every path is resolved relative to one descriptor of the root, component by component in the kernel, so that no symbolic
/// link leads out of it and nothing can be swapped in between a look and a use. Only "no such file" means missing; that a
/// file may not be read, or that a file stands where a directory should be, is an error.
public struct LiveMachine: ChangingMachine {
    public let environment: [String: String]
    /// How long a database that another process has locked is waited for.
    public let waitLimit: Duration
    /// Whether the changing half does anything but refuse.
    public let mayChange: Bool

    /// The executable that supervises others' programs.
    let supervisor: String
    let root: RootDirectory
    let interruption: Interruption
    let images = DatabaseImages()
    let orphans = Orphans()
    private let answers: AnswerCache

    /// - Parameters:
    ///   - root: an absolute path.
    ///   - mayChange: false makes every change `.refused(.readOnlyRun)`, and nothing is remembered.
    ///   - environment: of this process, as checks and commands see it; `PATH` is searched in it.
    ///   - cacheFolder: where answers are remembered: an absolute path; `nil` for `selfheal` below `XDG_CACHE_HOME` or
    ///     `HOME/.cache` of `environment`. When there is none of these, nothing is remembered.
    ///   - supervisor: an executable that acts as `selfheal_supervise` does when it is called `supervisorName`. This process's
    ///     own, which is also found when its file was replaced meanwhile.
    ///   - interruption: what stops long statements, waiting and commands.
    public init(
        root: String, waitLimit: Duration = .seconds(30), mayChange: Bool,
        environment: [String: String] = LiveMachine.processEnvironment(), cacheFolder: String? = nil,
        supervisor: String = "/proc/self/exe", interruption: Interruption = Interruption()
    ) throws(MachineError) {
        self.root = try RootDirectory(root)
        self.waitLimit = waitLimit
        self.mayChange = mayChange
        self.environment = environment
        self.supervisor = supervisor
        self.interruption = interruption
        answers = AnswerCache(
            folder: cacheFolder ?? AnswerCache.folder(in: environment), mayWrite: mayChange)
    }

    /// The root without symbolic links.
    public var rootPath: String { root.path }

    public var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    public func remembered(_ key: String) -> String? { answers[key] }

    public func remember(_ key: String, _ value: String) { answers.remember(key, value) }

    /// The environment that this process was started with. Entries that are not UTF-8 are left out, because a repaired value
    /// would be another value.
    public static func processEnvironment() -> [String: String] {
        var variables: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            entry += 1
            guard let whole = String(validatingCString: text),
                let equals = whole.utf8.firstIndex(of: UInt8(ascii: "=")), equals != whole.startIndex
            else { continue }
            let key = String(whole[..<equals])
            // The first of two with the same name is the one that getenv gives.
            if variables[key] == nil { variables[key] = String(whole[whole.utf8.index(after: equals)...]) }
        }
        return variables
    }
}
