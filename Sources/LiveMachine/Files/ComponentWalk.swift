import CSelfHeal
import Glibc
import HealKit

/// Opens a path below the root component by component, following symbolic links itself as long as they stay below: for
/// kernels (and sandboxes) without openat2, and for absolute links into the root, which openat2 refuses.
struct ComponentWalk {
    let root: RootDirectory
    let subject: String

    /// As many as the kernel follows.
    private static let linkLimit = 40

    /// - Returns: a descriptor, or -1 and `errno` as from open(2).
    /// - Throws: `.refused(.leavesRoot)`.
    func open(_ path: String, _ flags: Int32) throws(MachineError) -> Int32 {
        // The directories from the root down to where we are; `..` goes back one.
        var stack: [Int32] = []
        defer { for directory in stack { _ = close(directory) } }
        var remaining = Array(path.split(separator: "/").map(String.init).reversed())
        var links = 0
        while let component = remaining.popLast() {
            let here = stack.last ?? root.number
            if component == "." { continue }
            if component == ".." {
                guard let last = stack.popLast() else { throw .refused(subject: subject, .leavesRoot) }
                _ = close(last)
                continue
            }
            let isLast = remaining.isEmpty
            if !(isLast && flags & O_NOFOLLOW != 0), let link = resolvedLink(component, in: here) {
                links += 1
                guard links <= Self.linkLimit else { return fail(ELOOP) }
                if link.hasPrefix("/") {
                    guard let below = belowRoot(link) else { throw .refused(subject: subject, .leavesRoot) }
                    for directory in stack { _ = close(directory) }
                    stack = []
                    remaining += below.split(separator: "/").map(String.init).reversed()
                } else {
                    remaining += link.split(separator: "/").map(String.init).reversed()
                }
                if remaining.isEmpty { return uninterrupted { openat(stack.last ?? root.number, ".", flags) } }
                continue
            }
            if isLast {
                let found = uninterrupted { openat(here, component, flags | O_NOFOLLOW) }
                // A link that was not one a moment ago: somebody is at work here.
                if found < 0, errno == ELOOP, flags & O_NOFOLLOW == 0 { return fail(EAGAIN) }
                return found
            }
            let next = uninterrupted { openat(here, component, selfheal_o_path | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) }
            if next < 0 { return -1 }
            stack.append(next)
        }
        return uninterrupted { openat(stack.last ?? root.number, ".", flags) }
    }

    private func fail(_ code: Int32) -> Int32 {
        errno = code
        return -1
    }

    /// What of an absolute path lies below the root; `nil` when it lies elsewhere.
    private func belowRoot(_ link: String) -> String? {
        if link == root.path { return "" }
        let prefix = root.path == "/" ? "/" : root.path + "/"
        guard link.hasPrefix(prefix) else { return nil }
        return String(link.dropFirst(prefix.count))
    }
}
