// A library that a program loads and unloads.
#include <cstdlib>

extern "C" [[gnu::visibility("default")]] void* plugin_makes() {
    void* volatile block = std::malloc(7001);  // no tail call
    return block;
}
