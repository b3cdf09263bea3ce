import HealModel
import ManifestShape

/// A path as a manifest entry gives it, before `outside_root` is known.
struct PathText: Sendable, Hashable {
    var text = ""
    var outsideRoot = false

    func resolved() throws(ShapeFailure) -> ResourcePath {
        do {
            return try ResourcePath(text, outsideRoot: outsideRoot)
        } catch {
            throw ShapeFailure(error.explanation)
        }
    }

    /// The two fields that every entry with a path has. `change` reaches the entry's path.
    static func fields<Root>(
        _ change: @escaping @Sendable (inout Root, (inout PathText) -> Void) -> Void
    ) -> [Field<Root>] {
        [
            Field(
                "path", { root, text in change(&root) { $0.text = text } }, .name, required: true,
                "Where it is, below the application's root."),
            outsideRootField(change),
        ]
    }

    static func outsideRootField<Root>(
        _ change: @escaping @Sendable (inout Root, (inout PathText) -> Void) -> Void
    ) -> Field<Root> {
        Field(
            "outside_root", { root, outside in change(&root) { $0.outsideRoot = outside } }, .boolean,
            "The path may lie outside the root, and symbolic links may lead there.")
    }
}

extension Shape where Value == ResourcePath {
    /// A path below the application's root.
    static var path: Shape<ResourcePath> {
        Shape<String>.name.map { (text: String) throws(ShapeFailure) -> ResourcePath in
            try PathText(text: text).resolved()
        }
    }
}
