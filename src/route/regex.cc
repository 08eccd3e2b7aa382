// SPDX-License-Identifier: MIT
#include "regex.h"
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <re2/re2.h>
#include <string>

extern "C" {
#include "waybill/route/thread.h"
}

namespace
{

/* Of one object: its program and the cache of its automaton. Past it RE2 turns to the slower way, still linear: some 6 ns a byte
 * and instruction. */
constexpr int64_t object_bytes = 128 * 1024;
constexpr unsigned chunk_size = 16, chunk_count = ROUTE_THREADS_MAX / chunk_size;

thread_local unsigned thread_index = 0;

/* Objects of 16 threads; each is touched by its own thread only, until the regex is destroyed. */
struct chunk {
    re2::RE2 *objects[chunk_size] = {};
    ~chunk()
    {
        for (auto *object : objects)
            delete object;
    }
};

re2::RE2::Options make_options(bool ignore_case)
{
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(object_bytes);
    options.set_case_sensitive(!ignore_case);
    return options;
}

[[noreturn]] void fail_memory()
{
    fputs("waybill: out of memory in a regular expression\n", stderr);
    abort();
}

} // namespace

struct regex {
    std::string pattern;
    bool ignore_case = false;
    size_t group_count = 0, size = 0;
    mutable std::atomic<chunk *> chunks[chunk_count] = {};

    ~regex()
    {
        for (auto &slot : chunks)
            delete slot.load(std::memory_order_acquire);
    }

    chunk &chunk_of(unsigned thread) const
    {
        auto &slot = chunks[thread / chunk_size];
        chunk *there = slot.load(std::memory_order_acquire);
        if (there)
            return *there;
        auto *made = new chunk;
        /* Another thread of the 16 may come first: release, so that it sees ours complete, and acquire to see its own. */
        if (slot.compare_exchange_strong(there, made, std::memory_order_acq_rel, std::memory_order_acquire))
            return *made;
        delete made;
        return *there;
    }

    re2::RE2 &object() const
    {
        re2::RE2 *&mine = chunk_of(thread_index).objects[thread_index % chunk_size];
        if (!mine)
            mine = new re2::RE2(pattern, make_options(ignore_case));
        return *mine;
    }
};

extern "C" void route_use_thread(unsigned index)
{
    if (index >= ROUTE_THREADS_MAX)
        abort();
    thread_index = index;
}

extern "C" struct regex *regex_create(const char *pattern, size_t len, bool ignore_case, char *out_error)
{
    try {
        const std::string text(pattern, len);
        /* Only a check: the objects that match are made by the threads that need them. */
        const re2::RE2 check(text, make_options(ignore_case));
        if (!check.ok()) {
            snprintf(out_error, REGEX_ERROR_SIZE, "%s", check.error().c_str());
            return nullptr;
        }
        if (check.NumberOfCapturingGroups() >= REGEX_GROUPS_MAX) {
            snprintf(out_error, REGEX_ERROR_SIZE, "more than %d groups", REGEX_GROUPS_MAX - 1);
            return nullptr;
        }
        auto *made = new regex;
        made->pattern = text;
        made->ignore_case = ignore_case;
        made->group_count = static_cast<size_t>(check.NumberOfCapturingGroups());
        made->size = static_cast<size_t>(check.ProgramSize());
        return made;
    } catch (...) {
        fail_memory();
    }
}

extern "C" void regex_destroy(struct regex *regex)
{
    delete regex;
}

extern "C" bool regex_find(const struct regex *regex, const char *text, size_t len, size_t from, enum regex_anchor anchor,
                           struct regex_span *out_spans, size_t count)
{
    static const re2::RE2::Anchor anchors[] = {re2::RE2::UNANCHORED, re2::RE2::ANCHOR_START, re2::RE2::ANCHOR_BOTH};
    re2::StringPiece groups[REGEX_GROUPS_MAX];
    if (count > REGEX_GROUPS_MAX)
        abort();
    try {
        if (!regex->object().Match(re2::StringPiece(text, len), from, len, anchors[anchor], groups, static_cast<int>(count)))
            return false;
    } catch (...) {
        fail_memory();
    }
    for (size_t i = 0; i < count; i++) {
        out_spans[i].set = groups[i].data() != nullptr;
        out_spans[i].start = out_spans[i].set ? static_cast<size_t>(groups[i].data() - text) : 0;
        out_spans[i].len = groups[i].size();
    }
    return true;
}

extern "C" size_t regex_group_count(const struct regex *regex)
{
    return regex->group_count;
}

extern "C" size_t regex_size(const struct regex *regex)
{
    return regex->size;
}

extern "C" int regex_group_named(const struct regex *regex, const char *name, size_t len)
{
    try {
        const auto &names = regex->object().NamedCapturingGroups();
        const auto found = names.find(std::string(name, len));
        return found == names.end() ? -1 : found->second;
    } catch (...) {
        fail_memory();
    }
}
