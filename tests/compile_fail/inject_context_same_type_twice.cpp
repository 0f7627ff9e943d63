// Which of two ints would a parameter mean?
// expect: error: .*zigmund: a Context holds each type once, or nobody could tell which of the two a parameter
// means: wrap one of them in a struct of its own
#include <zigmund/inject.hpp>

struct Level {
    int n;
};

int main() {
    int n = 1;
#if defined(MISUSE)
    const zigmund::inject::Context context{n, 2};
#else
    const zigmund::inject::Context context{n, Level{2}};
#endif
}
