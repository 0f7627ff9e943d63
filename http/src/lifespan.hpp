// Lifespan: an App from its start to its shutdown.
#pragma once

#include <zigmund/http/app.hpp>

namespace zigmund::http::inline v0 {

class Lifespan {
  public:
    /// Throws what App::startup() throws.
    explicit Lifespan(App& app) : app_{app} { app_.startup(); }
    Lifespan(const Lifespan&) = delete;
    Lifespan& operator=(const Lifespan&) = delete;
    ~Lifespan() { app_.shutdown(); }

  private:
    App& app_;
};

}  // namespace zigmund::http::inline v0
