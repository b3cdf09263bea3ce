import Datasets
import HealKit

/// What a failure of curl, or an answer's status, means for the work.
enum HTTPFailure {
    /// - Returns: `nil` when curl has an answer, whatever its status.
    static func of(exit code: Int32, place: String, after timeout: Duration) -> SourceFailure? {
        let (kind, what): (FailureClass, String)
        switch code {
        case 0: return nil
        case 1, 8: (kind, what) = (.parse, "the answer is none of HTTP")
        case 2: (kind, what) = (.configuration, "curl does not know what it is asked for; it may be too old")
        case 3: (kind, what) = (.configuration, "the URL is not one")
        case 5: (kind, what) = (.connection, "the proxy's name is not known")
        case 6: (kind, what) = (.connection, "the host's name is not known")
        case 7: (kind, what) = (.connection, "nothing takes connections there")
        case 18: (kind, what) = (.connection, "the connection ended within the answer")
        case 26:
            (kind, what) = (
                .configuration, "curl could not read what it is to do; what is to be sent may be too long for it"
            )
        case 23, 27: (kind, what) = (.resource, "there is no room for the answer")
        case 28: (kind, what) = (.timeout, "no answer within \(timeout.inSeconds)")
        case 35: (kind, what) = (.connection, "no encrypted connection came about")
        case 52: (kind, what) = (.connection, "the connection ended without an answer")
        case 16, 55, 56, 92, 95, 96: (kind, what) = (.connection, "the connection broke")
        case 58, 59, 66, 77, 82, 83, 90, 91:
            (kind, what) = (.configuration, "the certificates or ciphers here cannot be used")
        case 60: (kind, what) = (.configuration, "its certificate is not to be trusted")
        case 61: (kind, what) = (.parse, "the answer's encoding is not known")
        case 63: (kind, what) = (.resource, "the answer is too long")
        case 67, 94: (kind, what) = (.authentication, "it does not let us in")
        case 97: (kind, what) = (.connection, "the proxy does not connect")
        case 126, 127: (kind, what) = (.configuration, "curl cannot be run")
        case 137: (kind, what) = (.resource, "curl was killed")
        default: (kind, what) = (.unknown, "curl ended with \(code)")
        }
        return SourceFailure(kind, "\(place): \(what)")
    }

    /// - Parameters:
    ///   - missing: what it means that nothing is there: a wrong URL, or a unit that the server does not know.
    ///   - refused: what it means that the server does not take what it was asked: 400 and 422.
    ///   - detail: a code that the server gives for its reason.
    /// - Returns: `nil` for 2xx.
    static func of(
        _ answer: HTTPAnswer, place: String, missing: FailureClass, refused: FailureClass,
        detail: String? = nil
    ) -> SourceFailure? {
        let kind: FailureClass
        switch answer.status {
        case 200..<300: return nil
        case 300..<400: kind = .configuration
        case 401, 403, 407, 511: kind = .authentication
        case 404, 410: kind = missing
        case 400, 422: kind = refused
        case 405, 406, 415, 426: kind = .configuration
        case 408: kind = .timeout
        case 413, 414, 431, 507: kind = .resource
        case 421, 425: kind = .connection
        case 429: kind = .rateLimit
        case 500...: kind = .connection
        default: kind = .unknown
        }
        var message = "\(place): answered \(answer.status)"
        if (300..<400).contains(answer.status) {
            let target = answer.redirection.flatMap { WebAddress($0) }
            message += target.map { ", which leads to \($0.scheme)://\($0.place); name that in the manifest" } ?? ""
        }
        if let detail { message += " (\(detail))" }
        return SourceFailure(kind, message, retryAfter: answer.retryAfter)
    }
}
