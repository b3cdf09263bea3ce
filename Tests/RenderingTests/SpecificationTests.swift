import HealModel
import Rendering
import Testing

/// The examples of the document that the tools follow, letter by letter.
@Suite struct SpecificationTests {
    private func validation(_ sample: Sample) -> [Substring] {
        TextRenderer(layout: .validation).render(sample.report).split(separator: "\n")
    }

    @Test func missingColumn() {
        #expect(
            validation(.missingColumnHealed).prefix(4) == [
                "[INFO] Checking database schemas...",
                "[HEALING] Adding column 'updated_at' to product_catalog in data.db...",
                "[OK] Successfully added updated_at to product_catalog",
                "[OK] app/data.db.product_catalog schema valid",
            ])
    }

    @Test func missingEnvironmentFile() {
        #expect(
            validation(.missingEnv).prefix(4) == [
                "[INFO] Checking environment file...",
                "[HEALING] Creating .env from .env.example template...",
                "[OK] .env file created successfully",
                "[WARNING] Configure API keys in .env for full functionality",
            ])
    }

    @Test func completeHeal() {
        let expected = """
            Running comprehensive auto-healing...
            [AUTO-HEAL] === File System Healing ===
            [AUTO-HEAL] Creating .env from .env.example
            [AUTO-HEAL] === Database Healing ===
            [AUTO-HEAL] Adding column updated_at to product_catalog in data.db
            [AUTO-HEAL] Adding column two_factor_enabled to users in auth.db
            [AUTO-HEAL] Creating table market_ticks in data.db

            ============================================================
                                HEALING SUMMARY
            ============================================================

            FILESYSTEM:
              ✓ Created .env from template - Copied .env.example to .env
              ✓ Directory data/ already exists
              ✓ Directory app/ already exists

            DATABASES:
              ✓ Added updated_at to product_catalog - ALTER TABLE product_catalog ADD COLUMN updated_at DATETIME
              ✓ Added two_factor_enabled to users - ALTER TABLE users ADD COLUMN two_factor_enabled BOOLEAN DEFAULT 0
              ✓ Created table market_ticks - Created market_ticks

            ============================================================
            Total: 6 successful, 0 failed, 4 actions taken
            ============================================================

            """
        #expect(TextRenderer(layout: .healing).render(Sample.completeHeal.report) == expected)
    }
}
