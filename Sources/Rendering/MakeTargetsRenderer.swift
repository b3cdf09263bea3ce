import Datasets

/// Datasets as targets of Make: each depends on those of its parents and stands for a stamp file.
///
/// Make runs the recipe of each of them every time, because a database changes behind any stamp; the tool sees whether there is
/// something to do, and touches the stamp only when rows were written. So what depends on a stamp is made again when the rows have
/// changed, and not otherwise.
public struct MakeTargetsRenderer: Sendable {
    /// The options with which the manifest is found again: `["--manifest", "app.yaml"]`.
    public var options: [String]

    public init(options: [String] = []) { self.options = options }

    public func text(_ graph: DatasetGraph) -> String {
        let names = graph.order.map(\.name)
        var lines = [
            "# Made by 'selfheal data make-targets'; make it anew when the manifest has changed. In your Makefile:",
            "#",
            "#   include datasets.mk",
            "#   datasets.mk: schemas.yaml ; selfheal data make-targets --output $@",
            "#",
            "# make datasets        fills whatever is not ready",
            "# make dataset-NAME    fills one, and before it those that it is made from",
            "# What is made from a table depends on its stamp, $(SELFHEAL_STAMPS)/NAME: it is touched when rows were written.",
            "",
            MakeText.guarding,
            "$(call selfheal.word,SELFHEAL_STAMPS)",
            "",
            "SELFHEAL ?= selfheal",
            // Whoever has said nothing has left it empty, as selfheal.mk does.
            "ifeq ($(strip $(value SELFHEAL_FLAGS)),)",
            "SELFHEAL_FLAGS :=" + options.map { " " + Self.quoted($0) }.joined(),
            "endif",
            "SELFHEAL_STAMPS ?= .selfheal/stamps",
            "SELFHEAL_STRICT ?=",
            "",
            "# Whoever includes this keeps the default goal that he has, or will have.",
            "override selfheal.goal := $(.DEFAULT_GOAL)",
            "override selfheal.letters = $(firstword -$(MAKEFLAGS))",
            "override selfheal.plus = $(if $(findstring n,$(selfheal.letters))$(findstring q,$(selfheal.letters))"
                + "$(findstring t,$(selfheal.letters)),,+)",
            "override selfheal.passes = $(if $(filter-out 0,$(SELFHEAL_STRICT)),,|| exit $$(($$? == 2 ? 0 : $$?)))",
            "override selfheal.one = @$(selfheal.plus)$(SELFHEAL) data heal $(SELFHEAL_FLAGS) --only-this '$(@F)' --stamp '$@' "
                + "$(selfheal.passes)",
            "",
            "# Never there, so that the tool is always asked.",
            ".PHONY: selfheal.look datasets" + names.map { " dataset-\($0)" }.joined(),
            "datasets:" + names.map { " dataset-\($0)" }.joined(),
        ]
        for dataset in graph.order {
            lines += [
                "",
                "dataset-\(dataset.name): $(SELFHEAL_STAMPS)/\(dataset.name)",
                "$(SELFHEAL_STAMPS)/\(dataset.name):" + dataset.parents.map { " $(SELFHEAL_STAMPS)/\($0)" }.joined()
                    + " selfheal.look",
                "\t$(selfheal.one)",
            ]
        }
        lines += ["", ".DEFAULT_GOAL := $(selfheal.goal)", ""]
        return lines.joined(separator: "\n")
    }

    /// One word for a shell, in a variable of Make's: neither of them reads anything in it.
    static func quoted(_ word: String) -> String {
        let safe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:,+@"
        if !word.isEmpty, word.allSatisfy({ safe.contains($0) }) { return word }
        var result = "'"
        for character in word {
            switch character {
            case "'": result += "'\\''"
            case "$": result += "$$"
            case "#": result += "\\#"
            default: result.append(character)
            }
        }
        return result + "'"
    }
}
