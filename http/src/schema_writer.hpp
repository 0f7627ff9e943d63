// SchemaWriter: schemas as JSON Schema 2020-12, in pydantic's form, and the components that they refer to.
//
// Structs and enums are components, under their names without namespaces; where two would have the same, with
// them. A struct that is both read and written, and whose members may be left out only when it is read, is
// two: Item-Input and Item-Output.
//
// Threads: one. Memory: the arena's.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/http/json_writer.hpp>
#include <zigmund/http/schema.hpp>

#include <array>
#include <cstdint>
#include <memory_resource>
#include <span>
#include <string_view>
#include <vector>

namespace zigmund::http::inline v0 {

enum class SchemaMode : std::uint8_t { input, output };

/// What is said of a value beside its type.
struct SchemaNotes {
    std::span<const detail::SchemaOption> options = {};
    /// The title of what has none of its own: structs, enums and those with the option have one.
    std::string_view title = {};
    /// The default, as JSON; empty: that of the options.
    std::string_view value = {};
};

/// Whether there is an option of that kind; `value` is the first one's.
[[nodiscard]] const detail::SchemaConstant* find_option(std::span<const detail::SchemaOption> options,
                                                        detail::OptionKind kind) noexcept;

/// "user_id" as "User Id". Throws std::bad_alloc.
[[nodiscard]] std::string_view title_of(std::string_view name, alloc::Allocator arena);

class SchemaWriter {
  public:
    explicit SchemaWriter(alloc::Allocator arena) noexcept
        : arena_{arena}, components_{arena}, entries_{arena} {}

    /// Makes components of all structs and enums that a schema is made of. Throws std::bad_alloc.
    void collect(const Schema& schema, SchemaMode mode);
    /// Adds a component that is JSON already.
    void add(std::string_view name, std::string_view json) { entries_.push_back({name, nullptr, {}, json}); }
    /// Gives the components their names, none of them one that was added. To be called between the last
    /// collect() and the first write().
    void name_components();

    void write(JsonWriter& out, const Schema& schema, SchemaMode mode, const SchemaNotes& notes) const;
    /// The object of all components, by name.
    void write_components(JsonWriter& out);
    [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }

  private:
    struct Component {
        const Schema* schema;
        std::span<const detail::SchemaMember> members;
        std::array<bool, 2> used{};               // by mode
        bool differs = false;                     // as input and as output
        std::array<std::string_view, 2> names{};  // by mode
    };
    struct Entry {
        std::string_view name;
        const Component* component;
        SchemaMode mode;
        std::string_view json;
    };

    [[nodiscard]] Component* find(const Schema& schema) const noexcept;
    [[nodiscard]] bool differs(const Schema& schema) const noexcept;
    [[nodiscard]] bool is_taken(std::string_view name) const noexcept;
    void keywords(JsonWriter& out, const Schema& schema, SchemaMode mode,
                  std::span<const detail::SchemaOption> options) const;
    void write_variant(JsonWriter& out, const Schema& schema, SchemaMode mode) const;
    void write_reference(JsonWriter& out, const Schema& schema, SchemaMode mode) const;
    void write_component(JsonWriter& out, const Component& component, SchemaMode mode) const;

    alloc::Allocator arena_;
    std::pmr::vector<Component*> components_;
    std::pmr::vector<Entry> entries_;
};

/// A value that is JSON already.
void write_json(JsonWriter& out, std::string_view json);

}  // namespace zigmund::http::inline v0
