/// The languages for which there is a plugin to begin with.
public enum PluginLanguage: String, Sendable, CaseIterable {
    case bash, python, swift
}

/// A new plugin's files: one that works, and can be turned into another. It wants a file, and can make it.
public struct PluginTemplate: Sendable {
    public var name: String
    public var language: PluginLanguage

    public init(name: String, language: PluginLanguage) {
        self.name = name
        self.language = language
    }

    /// One file of it.
    public struct File: Sendable, Hashable {
        /// Below the plugin's folder.
        public var path: String
        public var text: String
        public var isExecutable: Bool
    }

    public var files: [File] {
        let description = File(path: "plugin.yaml", text: descriptionText, isExecutable: false)
        switch language {
        case .bash: return [description, File(path: "bin/\(name)", text: bash, isExecutable: true)]
        case .python: return [description, File(path: "bin/\(name)", text: python, isExecutable: true)]
        case .swift:
            return [
                description, File(path: "main.swift", text: swift, isExecutable: false),
                File(path: "Makefile", text: makefile, isExecutable: false),
            ]
        }
    }

    /// What is left to do before it can run.
    public var nextStep: String? { language == .swift ? "make -C" : nil }

    private var descriptionText: String {
        """
        name: \(name)
        version: 0.1.0
        protocols: [1]
        capabilities: [check, heal]
        description: A file that the application needs.
        # Seconds for a check.
        timeout: 10
        # What may stand under plugins: \(name): in the manifest (JSON Schema).
        settings:
          type: object
          properties:
            file: {type: string, minLength: 1, default: greeting.txt, description: "The file, below the root."}
          additionalProperties: false
        # What the answer depends on. While none of it changes, a good answer is kept and the plugin is not started at all.
        # Leave it out where the answer depends on anything else: the time, the network, other processes.
        reads:
          files: ["{file}"]
        # What it can find, for 'selfheal explain', --only and policy.severity.
        findings:
          missing:
            severity: critical
            risk: medium
            meaning: The file is not there.
            healing: It is written.

        """
    }

    private var bash: String {
        #"""
        #!/usr/bin/env bash
        # Answers one question, on standard input and output, as docs/plugins.md says. Standard error is the log.
        set -euo pipefail

        request=$(cat)
        if [[ $request != '{"protocol":1,'* ]]; then
          echo "this plugin speaks protocol 1" >&2
          exit 1
        fi
        # A plugin that needs more of the request than one text should be written in a language that reads JSON.
        file=$(sed -n 's/.*"file":"\([^"\\]*\)".*/\1/p' <<<"$request")
        echo "looking at $file in $PWD" >&2

        case ${1:-} in
          check)
            if [[ -f $file ]]; then
              echo '{"protocol": 1, "findings": [], "confirmations": ["'"$file"' is there"]}'
            else
              echo '{"protocol": 1, "findings": [{"id": "missing", "subject": "'"$file"'",
                "message": "'"$file"' is missing", "repair": {"title": "Writing '"$file"'"}}]}'
            fi
            ;;
          heal)
            if [[ $request == *'"dry_run":true'* ]]; then
              message="would write $file"
            else
              echo hello >"$file"
              message="wrote $file"
            fi
            echo '{"protocol": 1, "outcomes": [{"id": "missing", "subject": "'"$file"'",
              "outcome": "healed", "message": "'"$message"'"}]}'
            ;;
          *)
            echo "usage: ${0##*/} check|heal" >&2
            exit 64
            ;;
        esac

        """#
    }

    private var python: String {
        #"""
        #!/usr/bin/env python3
        """Answers one question, on standard input and output, as docs/plugins.md says. Standard error is the log."""

        import json
        import sys
        from pathlib import Path


        def check(settings):
            file = settings["file"]
            if Path(file).is_file():
                return {"findings": [], "confirmations": [f"{file} is there"]}
            return {
                "findings": [
                    {
                        "id": "missing",
                        "subject": file,
                        "message": f"{file} is missing",
                        "repair": {"title": f"Writing {file}"},
                    }
                ]
            }


        def heal(settings, findings, dry_run):
            outcomes = []
            for finding in findings:
                file = finding["subject"]
                if not dry_run:
                    Path(file).write_text("hello\n", encoding="utf-8")
                message = f"would write {file}" if dry_run else f"wrote {file}"
                outcomes.append({"id": finding["id"], "subject": file, "outcome": "healed", "message": message})
            return {"outcomes": outcomes}


        def main():
            request = json.load(sys.stdin)
            if request["protocol"] != 1:
                sys.exit("this plugin speaks protocol 1")
            if sys.argv[1:] == ["check"]:
                answer = check(request["settings"])
            elif sys.argv[1:] == ["heal"]:
                answer = heal(request["settings"], request["findings"], request["dry_run"])
            else:
                sys.exit(f"usage: {sys.argv[0]} check|heal")
            json.dump({"protocol": 1, **answer}, sys.stdout)


        main()

        """#
    }

    private var swift: String {
        #"""
        // Answers one question, on standard input and output, as docs/plugins.md says. Standard error is the log.
        import Foundation

        struct Settings: Codable {
            var file: String
        }

        struct Finding: Codable {
            struct Repair: Codable {
                var title: String
            }

            var id: String
            var subject: String
            var message: String?
            var repair: Repair?
        }

        struct Request: Codable {
            var version: Int
            var settings: Settings
            var findings: [Finding]?
            var isRehearsal: Bool?

            enum CodingKeys: String, CodingKey {
                case version = "protocol"
                case settings, findings
                case isRehearsal = "dry_run"
            }
        }

        struct Outcome: Codable {
            var id: String
            var subject: String
            var outcome = "healed"
            var message: String
        }

        struct Answer: Codable {
            var `protocol` = 1
            var findings: [Finding]?
            var confirmations: [String]?
            var outcomes: [Outcome]?
        }

        func fail(_ message: String) -> Never {
            FileHandle.standardError.write(Data((message + "\n").utf8))
            exit(1)
        }

        let input = FileHandle.standardInput.readDataToEndOfFile()
        guard let request = try? JSONDecoder().decode(Request.self, from: input), request.version == 1 else {
            fail("this plugin speaks protocol 1")
        }
        var answer = Answer()
        let file = request.settings.file
        switch CommandLine.arguments.dropFirst() {
        case ["check"]:
            if FileManager.default.fileExists(atPath: file) {
                answer.findings = []
                answer.confirmations = ["\(file) is there"]
            } else {
                answer.findings = [
                    Finding(
                        id: "missing", subject: file, message: "\(file) is missing",
                        repair: Finding.Repair(title: "Writing \(file)"))
                ]
            }
        case ["heal"]:
            let isRehearsal = request.isRehearsal ?? false
            answer.outcomes = try (request.findings ?? []).map { finding in
                if !isRehearsal { try "hello\n".write(toFile: finding.subject, atomically: true, encoding: .utf8) }
                let message = isRehearsal ? "would write \(finding.subject)" : "wrote \(finding.subject)"
                return Outcome(id: finding.id, subject: finding.subject, message: message)
            }
        default: fail("usage: \(CommandLine.arguments[0]) check|heal")
        }
        FileHandle.standardOutput.write(try JSONEncoder().encode(answer))

        """#
    }

    private var makefile: String {
        """
        bin/\(name): main.swift
        \tmkdir -p bin
        \tswiftc -O -swift-version 6 main.swift -o bin/\(name)

        """
    }
}
