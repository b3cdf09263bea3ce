// SQL functions about values: what a column would make of one, whether that loses something, and what a set of rows holds.
#include "CSelfHeal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// MARK: Affinities

enum affinity { AFFINITY_BLOB, AFFINITY_TEXT, AFFINITY_NUMERIC, AFFINITY_REAL };

static enum affinity affinity_named(sqlite3_value *name) {
    const char *text = (const char *)sqlite3_value_text(name);
    if (!text) return AFFINITY_BLOB;
    if (sqlite3_stricmp(text, "text") == 0) return AFFINITY_TEXT;
    if (sqlite3_stricmp(text, "real") == 0) return AFFINITY_REAL;
    if (sqlite3_stricmp(text, "integer") == 0 || sqlite3_stricmp(text, "numeric") == 0) return AFFINITY_NUMERIC;
    return AFFINITY_BLOB;
}

// Whether a floating-point number is a whole one, as SQLite asks before it stores it as such: neither the smallest nor the
// largest of 64 bits.
static int whole(double number, sqlite3_int64 *result) {
    if (!(number > -9223372036854775808.0 && number < 9223372036854775808.0)) return 0;
    *result = (sqlite3_int64)number;
    return (double)*result == number;
}

struct number {
    int is_real;
    sqlite3_int64 integer;
    double real;
};

// What a column of the affinity stores: the type that comes out, and the number where it is one.
static int stored(sqlite3_value *value, enum affinity affinity, struct number *number) {
    int type = sqlite3_value_type(value);
    if (affinity == AFFINITY_TEXT) return type == SQLITE_INTEGER || type == SQLITE_FLOAT ? SQLITE_TEXT : type;
    if (affinity == AFFINITY_BLOB || type == SQLITE_BLOB || type == SQLITE_NULL) return type;
    // Turns a text that looks like a number into one, in place.
    type = sqlite3_value_numeric_type(value);
    if (type != SQLITE_INTEGER && type != SQLITE_FLOAT) return type;
    number->is_real = type == SQLITE_FLOAT;
    number->integer = number->is_real ? 0 : sqlite3_value_int64(value);
    number->real = number->is_real ? sqlite3_value_double(value) : (double)number->integer;
    if (affinity == AFFINITY_REAL) {
        number->is_real = 1;
    } else if (number->is_real && whole(number->real, &number->integer)) {
        number->is_real = 0;
    }
    return number->is_real ? SQLITE_FLOAT : SQLITE_INTEGER;
}

// selfheal_stored(value, affinity): the value as a column of that affinity keeps it.
static void stored_function(sqlite3_context *context, int count, sqlite3_value **arguments) {
    struct number number;
    int before = sqlite3_value_type(arguments[0]);
    (void)count;
    switch (stored(arguments[0], affinity_named(arguments[1]), &number)) {
    case SQLITE_INTEGER:
        if (before == SQLITE_INTEGER) sqlite3_result_value(context, arguments[0]);
        else sqlite3_result_int64(context, number.integer);
        break;
    case SQLITE_FLOAT:
        if (before == SQLITE_FLOAT) sqlite3_result_value(context, arguments[0]);
        else sqlite3_result_double(context, number.real);
        break;
    case SQLITE_TEXT:
        if (before != SQLITE_TEXT) (void)sqlite3_value_text(arguments[0]);
        sqlite3_result_text(context, (const char *)sqlite3_value_text(arguments[0]), sqlite3_value_bytes(arguments[0]), SQLITE_TRANSIENT);
        break;
    default: sqlite3_result_value(context, arguments[0]);
    }
}

static int is_text(const char *text, int length, const char *expected) {
    return (int)strlen(expected) == length && memcmp(text, expected, (size_t)length) == 0;
}

// Whether the text is the way in which SQLite writes the number: only then does it come back from it.
static int writes_as(const char *text, int length, const struct number *number) {
    char buffer[64];
    sqlite3_int64 integer;
    if (!number->is_real || whole(number->real, &integer)) {
        sqlite3_snprintf(sizeof buffer, buffer, "%lld", number->is_real ? integer : number->integer);
        if (is_text(text, length, buffer)) return 1;
    }
    if (!number->is_real) return 0;
    sqlite3_snprintf(sizeof buffer, buffer, "%!.15g", number->real);
    return is_text(text, length, buffer);
}

// selfheal_loss(value, affinity): 1 where storing the value in a column of that affinity loses something of it, as '007' does
// that becomes 7, or a large whole number that becomes a floating-point one.
static void loss_function(sqlite3_context *context, int count, sqlite3_value **arguments) {
    struct number number = {0, 0, 0};
    int before = sqlite3_value_type(arguments[0]);
    int lost = 0;
    (void)count;
    if (before == SQLITE_TEXT) {
        int length = sqlite3_value_bytes(arguments[0]);
        char *text = sqlite3_malloc(length + 1);
        if (!text) {
            sqlite3_result_error_nomem(context);
            return;
        }
        // Before it may be turned into a number in place.
        memcpy(text, sqlite3_value_text(arguments[0]), (size_t)length);
        if (stored(arguments[0], affinity_named(arguments[1]), &number) != SQLITE_TEXT) lost = !writes_as(text, length, &number);
        sqlite3_free(text);
    } else if (before == SQLITE_INTEGER || before == SQLITE_FLOAT) {
        sqlite3_int64 integer = before == SQLITE_INTEGER ? sqlite3_value_int64(arguments[0]) : 0;
        double real = sqlite3_value_double(arguments[0]);
        int after = stored(arguments[0], affinity_named(arguments[1]), &number);
        if (after == SQLITE_FLOAT && before == SQLITE_INTEGER) {
            // 2^63 itself is no 64-bit number.
            lost = number.real >= 9223372036854775808.0 || (sqlite3_int64)number.real != integer;
        } else if (after == SQLITE_TEXT && before == SQLITE_FLOAT) {
            char buffer[64];
            sqlite3_snprintf(sizeof buffer, buffer, "%!.15g", real);
            // SQLite writes an infinite number as a word, and does not read it.
            lost = !isfinite(real) || strtod(buffer, NULL) != real;
        }
    }
    sqlite3_result_int(context, lost);
}

// MARK: Digests

struct digest {
    sqlite3_int64 rows;
    uint64_t first, second;
    int columns;
    // Five counters a column: integer, real, text, blob, null.
    sqlite3_int64 *types;
};

static uint64_t mixed(uint64_t hash, uint64_t word) {
    hash = (hash ^ word) * 0x9FB21C651E98DF25ull;
    return hash ^ hash >> 32;
}

static uint64_t of_bytes(uint64_t hash, const unsigned char *bytes, size_t length) {
    uint64_t word;
    // The length first: no bytes of one value can then be taken for the beginning of the next.
    hash = mixed(hash, (uint64_t)length);
    for (; length >= 8; bytes += 8, length -= 8) {
        memcpy(&word, bytes, 8);
        hash = mixed(hash, word);
    }
    if (!length) return hash;
    word = 0;
    memcpy(&word, bytes, length);
    return mixed(hash, word);
}

static uint64_t final(uint64_t hash) {
    hash ^= hash >> 33;
    hash *= 0xFF51AFD7ED558CCDull;
    hash ^= hash >> 33;
    hash *= 0xC4CEB9FE1A85EC53ull;
    return hash ^ hash >> 33;
}

static void digest_step(sqlite3_context *context, int count, sqlite3_value **arguments) {
    struct digest *digest = sqlite3_aggregate_context(context, sizeof *digest);
    if (!digest) return sqlite3_result_error_nomem(context);
    if (!digest->types) {
        size_t size = sizeof *digest->types * 5 * (size_t)(count ? count : 1);
        digest->types = sqlite3_malloc64(size);
        if (!digest->types) return sqlite3_result_error_nomem(context);
        memset(digest->types, 0, size);
        digest->columns = count;
    }
    digest->rows++;
    uint64_t hash = 0x2545F4914F6CDD1Dull;
    for (int i = 0; i < count; i++) {
        int type = sqlite3_value_type(arguments[i]);
        // SQLITE_INTEGER is 1, and so on to SQLITE_NULL, which is 5.
        digest->types[5 * i + type - 1]++;
        hash = mixed(hash, (uint64_t)type);
        switch (type) {
        case SQLITE_INTEGER: hash = mixed(hash, (uint64_t)sqlite3_value_int64(arguments[i])); break;
        case SQLITE_FLOAT: {
            double real = sqlite3_value_double(arguments[i]);
            uint64_t bits;
            if (real == 0) real = 0; // -0.0 is kept as 0
            memcpy(&bits, &real, sizeof bits);
            hash = mixed(hash, bits);
            break;
        }
        case SQLITE_TEXT: {
            const unsigned char *text = sqlite3_value_text(arguments[i]);
            if (!text) return sqlite3_result_error_nomem(context);
            hash = of_bytes(hash, text, (size_t)sqlite3_value_bytes(arguments[i]));
            break;
        }
        case SQLITE_BLOB: hash = of_bytes(hash, sqlite3_value_blob(arguments[i]), (size_t)sqlite3_value_bytes(arguments[i])); break;
        default: break;
        }
    }
    // Sums: the order of the rows makes no difference, and a row that is there twice counts twice.
    digest->first += final(hash);
    digest->second += final(hash ^ 0xD1B54A32D192ED03ull);
}

// `rows 3; types 3/0/0/0/0 0/1/0/0/2; checksum 0123456789abcdef0123456789abcdef`, the types of a column being
// integer/real/text/blob/null.
static void digest_final(sqlite3_context *context) {
    struct digest *digest = sqlite3_aggregate_context(context, 0);
    sqlite3_str *text = sqlite3_str_new(NULL);
    sqlite3_str_appendf(text, "rows %lld", digest ? digest->rows : 0);
    if (digest) {
        sqlite3_str_appendall(text, "; types");
        for (int i = 0; i < digest->columns; i++) {
            const sqlite3_int64 *t = digest->types + 5 * i;
            sqlite3_str_appendf(text, " %lld/%lld/%lld/%lld/%lld", t[0], t[1], t[2], t[3], t[4]);
        }
        sqlite3_str_appendf(text, "; checksum %016llx%016llx", digest->first, digest->second);
        sqlite3_free(digest->types);
    }
    char *result = sqlite3_str_finish(text);
    if (!result) return sqlite3_result_error_nomem(context);
    sqlite3_result_text(context, result, -1, sqlite3_free);
}

int selfheal_sqlite_add_functions(sqlite3 *db) {
    // Not for schemas: what is made with them could be read by nobody else.
    const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY;
    int code = sqlite3_create_function_v2(db, "selfheal_stored", 2, flags, NULL, stored_function, NULL, NULL, NULL);
    if (code == SQLITE_OK) code = sqlite3_create_function_v2(db, "selfheal_loss", 2, flags, NULL, loss_function, NULL, NULL, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_create_function_v2(db, "selfheal_digest", -1, flags, NULL, NULL, digest_step, digest_final, NULL);
    return code == SQLITE_OK ? selfheal_sqlite_add_integrity(db) : code;
}
