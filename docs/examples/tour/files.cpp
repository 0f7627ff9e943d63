// Files: sent by the kernel from where they are; ranges, entity tags and conditional requests come with them.
#include "tour.hpp"

namespace tour {
namespace {

http::Response get_manual(const http::Request& request, inject::State<Settings> settings,
                          alloc::Allocator arena) {
    const std::string_view directory = settings->files;
    constexpr std::string_view name = "/manual.txt";
    const std::span<char> path = arena.alloc<char>(directory.size() + name.size());
    directory.copy(path.data(), directory.size());
    name.copy(path.data() + directory.size(), name.size());
    return http::Response::file_from_path(request, {path.data(), path.size()},
                                          {.download_as = "The manual.txt"});
}

}  // namespace

void add_files(http::App& app, const Settings& settings) {
    app.get("/manual", get_manual, {.tags = {"files"}});
    app.get("/static/{path:path}", http::StaticFiles{settings.files, {.index = true}}, {.tags = {"files"}});
}

}  // namespace tour
