import Foundation
import HealModel

/// A file that a command writes where the user asked for it: complete under its name, or not at all.
struct NewFile {
    /// Why it was not written.
    struct Failure: Error {
        var message: String
    }

    var path: String
    var text: String

    /// What is there already.
    enum Presence: Equatable {
        case nothing
        /// The same text.
        case same
        case other
        /// Something that is never replaced, and what it is.
        case unfit(String)
    }

    var presence: Presence {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            return errno == ENOENT ? .nothing : .unfit(String(cString: strerror(errno)))
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFLNK: return .unfit("is a symbolic link, and nothing is written through one")
        default: return .unfit("is not a regular file")
        }
        guard status.st_size == off_t(text.utf8.count), let old = FileManager.default.contents(atPath: path) else {
            return .other
        }
        return old.elementsEqual(text.utf8) ? .same : .other
    }

    /// Writes it. What has the name is kept beside it under another one; without `keepingOld`, nothing may have it.
    ///
    /// - Parameter keepingOld: the ending that the old file gets.
    /// - Returns: where the old file is now, if there was one.
    func write(keepingOld ending: String?) throws(Failure) -> String? {
        var status = stat()
        let isThere = lstat(path, &status) == 0
        let temporary = "\(path).\(getpid()).tmp"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw failure(errno) }
        defer { unlink(temporary) }
        var problem: Int32 = 0
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty && problem == 0 {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 { rest = rest.dropFirst(count) } else if errno != EINTR { problem = errno }
        }
        // A manifest holds no secrets, and whoever starts the application has to read it.
        if problem == 0, fchmod(descriptor, isThere ? status.st_mode & 0o777 : 0o644) != 0 { problem = errno }
        if problem == 0, fsync(descriptor) != 0 { problem = errno }
        if close(descriptor) != 0, problem == 0 { problem = errno }
        guard problem == 0 else { throw failure(problem) }
        guard isThere, let ending else {
            // Unlike a rename, a link never replaces what somebody else has put there meanwhile.
            guard link(temporary, path) == 0 else { throw failure(errno) }
            return nil
        }
        let kept = path + ending
        guard link(path, kept) == 0 else { throw failure(errno) }
        guard rename(temporary, path) == 0 else { throw failure(errno) }
        return kept
    }

    private func failure(_ code: Int32) -> Failure { Failure(message: "\(path): \(String(cString: strerror(code)))") }
}
