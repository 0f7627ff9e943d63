// The bump allocators of others, where they are installed, behind the two calls that the benchmarks make.
#pragma once

#if defined(ZIGMUND_BENCH_LLVM)
#include <llvm/Support/Allocator.h>
#endif
#if defined(ZIGMUND_BENCH_PROTOBUF)
#include <google/protobuf/arena.h>
#endif
#if defined(ZIGMUND_BENCH_FOONATHAN)
#include <foonathan/memory/memory_stack.hpp>
#endif

#include <cstddef>
#include <vector>

namespace bench {

#if defined(ZIGMUND_BENCH_LLVM)
/// A reset keeps its first slab only.
class LlvmBump {
  public:
    void* allocate(std::size_t size, std::size_t align) { return bump_.Allocate(size, align); }
    void reset() { bump_.Reset(); }

  private:
    llvm::BumpPtrAllocator bump_;
};
#endif

#if defined(ZIGMUND_BENCH_PROTOBUF)
/// Aligns to 8, always. A reset keeps nothing but the block that its user brought: it gets one that holds a round.
class ProtobufArena {
  public:
    void* allocate(std::size_t size, std::size_t) {
        return google::protobuf::Arena::CreateArray<char>(&arena_, size);
    }
    void reset() { arena_.Reset(); }

  private:
    std::vector<char> memory_ = std::vector<char>(std::size_t{8} << 20);
    google::protobuf::Arena arena_{memory_.data(), memory_.size()};
};
#endif

#if defined(ZIGMUND_BENCH_FOONATHAN)
class FoonathanStack {
  public:
    void* allocate(std::size_t size, std::size_t align) { return stack_.allocate(size, align); }
    void reset() { stack_.unwind(bottom_); }

  private:
    foonathan::memory::memory_stack<> stack_{std::size_t{8} << 20};
    foonathan::memory::memory_stack<>::marker bottom_ = stack_.top();
};
#endif

}  // namespace bench
