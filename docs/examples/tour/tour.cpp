#include "tour.hpp"

namespace tour {

void note(const Settings& settings, std::string_view text) {
    if (settings.log != nullptr)
        std::fprintf(settings.log, "tour: %.*s\n", static_cast<int>(text.size()), text.data());
}

Tour::Tour(alloc::Allocator allocator, const Settings& settings)
    : admin_{allocator, {.title = "Tour: administration", .echo_input = false}},
      api_{allocator, {.title = "Tour: API"}},
      app_{allocator, {.title = "Tour", .version = "1.0.0", .description = "Everything, once."}} {
    app_.provide<Settings>(settings);
    app_.on_startup([](inject::State<Settings> s) { note(*s, "started"); });
    app_.on_shutdown([](inject::State<Settings> s) { note(*s, "stopped"); });
    add_basics(app_);
    add_parameters(app_);
    add_bodies(app_);
    add_responses(app_);
    add_streams(app_);
    add_waiting(app_);
    add_files(app_, settings);
    add_routing(app_, admin_);
    add_shop(app_);
    add_errors(app_);
    add_uploads(app_);
    add_middleware(app_, api_, settings);
}

}  // namespace tour
