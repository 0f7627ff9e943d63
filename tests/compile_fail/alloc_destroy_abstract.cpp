// The size of an abstract class is not the size of the object.
// expect: error: .*zigmund: destroy[(]T[*][)] needs the type that the object was created as: T is abstract,
// so its size is not the size of the object
#include <zigmund/alloc/allocator.hpp>

struct Shape {
    virtual ~Shape() = default;
    virtual double area() const = 0;
};
struct Square final : Shape {
    double area() const override { return 1; }
};

void f(zigmund::alloc::Allocator a, Square* square) {
#if defined(MISUSE)
    Shape* shape = square;
    a.destroy(shape);
#else
    a.destroy(square);
#endif
}
