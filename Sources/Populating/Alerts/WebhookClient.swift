import Datasets
import HealKit

/// Sends to servers as sources ask them: through curl, which follows no redirection.
struct WebhookClient: WebhookPoster {
    var machine: any Machine

    func post(
        _ json: String, to url: String, token: String?, within limit: Duration
    ) async throws(SourceFailure) {
        guard let address = WebAddress(url) else { throw SourceFailure(.configuration, "its URL is not one") }
        let answer = try await HTTPClient(machine: machine)
            .answer(to: HTTPRequest(address: address, body: json, token: token, timeout: limit))
        if let failure = HTTPFailure.of(
            answer, place: address.place, missing: .configuration, refused: .configuration)
        {
            throw failure
        }
    }
}
