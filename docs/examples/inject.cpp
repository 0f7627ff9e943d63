// Calls functions with the objects that their parameters ask for, by type and in any order.
//
// The commands below are plain functions that name what they need and nothing else. The program hands each
// of them to inject::call; a command that asks for something that is not there does not compile.
#include <zigmund/inject.hpp>

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace inject = zigmund::inject;

struct Config {
    std::string greeting;
};
struct Journal {
    std::vector<std::string> lines;
};
struct UserName {
    std::string_view text;
};

// Parameters are found by their types: the order is that of taste.
void greet(UserName name, Journal& journal, const Config& config) {
    journal.lines.push_back(config.greeting + ", " + std::string(name.text));
}

std::size_t count(const Journal& journal) { return journal.lines.size(); }

// A context of one's own can make what it hands out.
struct Counter {
    using allowed = inject::Allowed<int>;

    template <class P>
    static constexpr bool provides = std::is_same_v<P, int>;

    template <class P>
    P provide() {
        return ++last;
    }

    int last = 0;
};

int main() {
    Config config{.greeting = "Hello"};
    Journal journal;

    // Lvalues by reference, the name by value.
    inject::Context context{config, journal, UserName{"Alice"}};
    inject::call(greet, context);
    inject::call([](Config& c) { c.greeting = "Good bye"; }, context);
    inject::call(greet, context);

    for (const std::string& line : journal.lines) std::printf("%s\n", line.c_str());
    std::printf("lines: %zu\n", inject::call(count, context));

    // Arguments are made from left to right, and only then is the callable called.
    Counter counter;
    auto show = [](int first, int second) { std::printf("%d, then %d\n", first, second); };
    auto arguments = inject::resolve<decltype(show)>(counter);
    std::printf("made %d arguments\n", counter.last);
    inject::apply(show, std::move(arguments));

    // static_assert(inject::check<decltype(greet), Counter>()) is a compile error that says, for each
    // parameter of greet: its position, its type, and that Counter allows int.
    static_assert(inject::check<decltype(greet), decltype(context)>());
}
