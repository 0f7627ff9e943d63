#include <zigmund/inject.hpp>

#include <cstdio>

int main() {
    const char* text = "Hello from inject";
    zigmund::inject::Context context{text};
    zigmund::inject::call([](const char* line) { std::puts(line); }, context);
}
