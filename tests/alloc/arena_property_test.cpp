// Random sequences of every verb of an arena against a model that remembers what each block holds.

#include <zigmund/alloc/arena.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "arena_upstream.hpp"

namespace {

using namespace zigmund::alloc;
using arena_test::Upstream;

struct Block {
    unsigned char* p;
    std::size_t size;
    std::size_t align;
    unsigned char value;
};

struct Counted {
    explicit Counted(long& count) noexcept : live{count} { ++live; }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
    ~Counted() { --live; }
    long& live;
};

template <std::size_t MinAlign>
class Model {
  public:
    Model(std::uint64_t seed, Upstream& upstream, std::span<std::byte> buffer, ArenaOptions options,
          bool over_aligned)
        : random_{seed},
          upstream_{upstream},
          limit_{options.limit},
          over_aligned_{over_aligned},
          arena_{buffer, upstream, options} {}
    ~Model() {
        while (!marks_.empty()) close(true);
    }

    void step() {
        switch (pick(20)) {
            case 0:
            case 1:
            case 2:
            case 3:
            case 4:
            case 5:
            case 6:
                allocate();
                break;
            case 7:
            case 8:
            case 9:
                deallocate();
                break;
            case 10:
            case 11:
            case 12:
                resize();
                break;
            case 13:
            case 14:
                remap();
                break;
            case 15:
                if (marks_.size() < 6) open();
                break;
            case 16:
                if (!marks_.empty()) close(pick(3) != 0);
                break;
            case 17:
                objects_ += create();
                break;
            case 18:
                upstream_.refuse_above = pick(4) == 0 ? pick(3000) : SIZE_MAX;
                break;
            default:
                if (marks_.empty() && pick(3) == 0) reset();
                break;
        }
        ASSERT_EQ(arena_.bytes_reserved(), upstream_.live_bytes);
        ASSERT_LE(arena_.bytes_used(), limit_);
        // Every step is one verb: bytes_used() rises or falls in it, but does not do both.
        peak_ = std::max(peak_, arena_.bytes_used());
        ASSERT_EQ(arena_.peak_bytes_used(), peak_);
        ASSERT_EQ(live_objects_, objects_);
    }

    void check_all() {
        for (const Block& block : blocks_) ASSERT_TRUE(intact(block));
    }

  private:
    struct Mark {
        Savepoint savepoint;
        std::size_t blocks;
        long objects;
        std::size_t used;
    };

    std::size_t pick(std::size_t below) {
        return std::uniform_int_distribution<std::size_t>{0, below - 1}(random_);
    }
    std::size_t some_size() {
        switch (pick(8)) {
            case 0:
                return pick(3);
            case 1:
                return pick(5000);
            case 2:
                return pick(40) == 0 ? pick(100'000) : pick(100);
            default:
                return pick(300);
        }
    }
    std::size_t some_align() {
        if (over_aligned_) return std::size_t{1} << pick(pick(4) == 0 ? 18 : 8);
        return std::size_t{1} << (pick(10) == 0 ? pick(13) : pick(5));
    }
    static bool intact(const Block& block) {
        for (std::size_t i = 0; i < block.size; ++i)
            if (block.p[i] != block.value) return false;
        return true;
    }
    void write(Block& block) {
        block.value = static_cast<unsigned char>(pick(256));
        if (block.size != 0) std::memset(block.p, block.value, block.size);
    }

    void allocate() {
        Block block{nullptr, some_size(), some_align(), 0};
        void* p = nullptr;
        switch (pick(3)) {
            case 0:
                p = arena_.try_allocate(block.size, block.align);
                break;
            case 1:
                p = arena_.allocator().try_allocate(block.size, block.align);
                break;
            default:
                try {
                    p = std::pmr::polymorphic_allocator<>{&arena_}.allocate_bytes(block.size, block.align);
                } catch (const std::bad_alloc&) {
                    p = nullptr;
                }
        }
        if (p == nullptr) {
            ASSERT_TRUE(upstream_.refuse_above != SIZE_MAX || limit_ != SIZE_MAX);
            return;
        }
        ASSERT_EQ(reinterpret_cast<std::uintptr_t>(p) % std::max(block.align, MinAlign), 0u);
        block.p = static_cast<unsigned char*>(p);
        write(block);
        ASSERT_TRUE(block.size == 0 || arena_.owns(p));
        blocks_.push_back(block);
    }

    // A block that was made before a savepoint stays in its place in the list, so that a rewind can cut the
    // list at its length then; it is dead when its address is null.
    void deallocate() {
        if (blocks_.empty()) return;
        // The newest one often: that is where an arena acts.
        const std::size_t i = pick(2) == 0 ? blocks_.size() - 1 : pick(blocks_.size());
        Block& block = blocks_[i];
        if (block.p == nullptr) return;
        ASSERT_TRUE(intact(block));
        if (pick(2) == 0)
            arena_.deallocate(block.p, block.size, block.align);
        else
            arena_.allocator().deallocate(block.p, block.size, block.align);
        block = {nullptr, 0, 1, 0};
        while (!blocks_.empty() && blocks_.back().p == nullptr &&
               (marks_.empty() || blocks_.size() > marks_.back().blocks))
            blocks_.pop_back();
    }

    void resize() {
        Block* block = choose();
        if (block == nullptr) return;
        const std::size_t size = some_size();
        const std::size_t used = arena_.bytes_used();
        ASSERT_TRUE(intact(*block));
        const bool done = pick(2) == 0 ? arena_.resize(block->p, block->size, block->align, size)
                                       : arena_.allocator().resize(block->p, block->size, block->align, size);
        if (done) {
            block->size = std::min(block->size, size);
            ASSERT_TRUE(intact(*block));
            block->size = size;
            write(*block);
        } else {
            ASSERT_EQ(arena_.bytes_used(), used);
            ASSERT_GT(size, block->size);
        }
    }

    void remap() {
        Block* block = choose();
        if (block == nullptr) return;
        const std::size_t size = some_size();
        void* p = arena_.remap(block->p, block->size, block->align, size);
        if (p == nullptr) return;
        block->p = static_cast<unsigned char*>(p);
        ASSERT_EQ(reinterpret_cast<std::uintptr_t>(p) % block->align, 0u);
        block->size = std::min(block->size, size);
        ASSERT_TRUE(intact(*block));
        block->size = size;
        write(*block);
    }

    Block* choose() {
        if (blocks_.empty()) return nullptr;
        Block& block = blocks_[pick(2) == 0 ? blocks_.size() - 1 : pick(blocks_.size())];
        return block.p != nullptr ? &block : nullptr;
    }

    int create() { return arena_.template try_create<Counted>(live_objects_).has_value() ? 1 : 0; }

    void open() { marks_.push_back({arena_.savepoint(), blocks_.size(), objects_, arena_.bytes_used()}); }

    void close(bool rewind) {
        const Mark mark = marks_.back();
        marks_.pop_back();
        if (!rewind) return arena_.release(mark.savepoint);
        arena_.rewind(mark.savepoint);
        objects_ = mark.objects;
        blocks_.resize(mark.blocks);
        ASSERT_EQ(arena_.bytes_used(), mark.used);
        check_all();
    }

    void reset() {
        check_all();
        blocks_.clear();
        objects_ = 0;
        const Reset modes[] = {Reset::free_all, Reset::retain_capacity, Reset::decay,
                               Reset::retain_with_limit(pick(20'000))};
        const Reset& mode = modes[pick(4)];
        const bool done = arena_.reset(mode);
        ASSERT_TRUE(done || upstream_.refuse_above != SIZE_MAX);
        ASSERT_EQ(arena_.bytes_used(), 0u);
        ASSERT_TRUE(&mode != &modes[0] || arena_.bytes_reserved() == 0);
    }

    std::mt19937_64 random_;
    Upstream& upstream_;
    std::size_t limit_;
    bool over_aligned_;
    std::vector<Block> blocks_;
    std::vector<Mark> marks_;
    long objects_ = 0;
    long live_objects_ = 0;
    std::size_t peak_ = 0;
    BasicArena<MinAlign> arena_;
};

template <std::size_t MinAlign = 8>
void run(std::size_t buffer_size, ArenaOptions options, bool resizes, bool remaps,
         bool over_aligned = false) {
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        SCOPED_TRACE(seed);
        std::vector<std::byte> buffer(buffer_size);
        Upstream upstream;
        upstream.resizes = resizes;
        upstream.remaps = remaps;
        {
            Model<MinAlign> model{seed, upstream, buffer, options, over_aligned};
            for (int i = 0; i < 3000; ++i) {
                model.step();
                if (testing::Test::HasFatalFailure()) return;
            }
            model.check_all();
        }
        ASSERT_EQ(upstream.live_blocks, 0u);
        std::fill(buffer.begin(), buffer.end(), std::byte{1});
    }
}

TEST(ArenaProperty, OfAPlainArena) { run(0, {}, false, false); }
TEST(ArenaProperty, OfSmallChunks) {
    run(0, {.first_chunk = 64, .growth_percent = 120, .max_chunk = 700}, false, false);
}
TEST(ArenaProperty, OfAnInitialBuffer) { run(1'001, {.first_chunk = 300}, false, false); }
TEST(ArenaProperty, OverAnUpstreamThatGrowsBlocks) { run(0, {.first_chunk = 500}, true, false); }
TEST(ArenaProperty, OverAnUpstreamThatMovesBlocks) { run(100, {.first_chunk = 500}, false, true); }
TEST(ArenaProperty, OfALimit) { run(0, {.first_chunk = 500, .limit = 7'777}, true, true); }
TEST(ArenaProperty, OfALimitAndABuffer) { run(500, {.first_chunk = 500, .limit = 3'001}, true, true); }
TEST(ArenaProperty, OfRecycling) {
    run(0, {.first_chunk = 500, .max_chunk = 5'000, .recycle = true}, false, false);
}
TEST(ArenaProperty, OfRecyclingWithAllElse) {
    run(333, {.first_chunk = 500, .max_chunk = 5'000, .limit = 20'001, .recycle = true}, true, true);
}
TEST(ArenaProperty, OfBlocksThatArePacked) {
    run<1>(77, {.first_chunk = 500}, true, true);
    run<1>(0, {.first_chunk = 500, .max_chunk = 5'000, .limit = 20'001, .recycle = true}, true, true);
}
TEST(ArenaProperty, OfBlocksAlignedToSixteen) {
    run<16>(77, {.first_chunk = 500}, true, true);
    run<16>(0, {.first_chunk = 500, .max_chunk = 5'000, .limit = 20'001, .recycle = true}, true, true);
}
TEST(ArenaProperty, OfBlocksThatAreMostlyAlignedBeyondSixteen) {
    run(0, {}, false, false, true);
    run(1'001, {.first_chunk = 300, .growth_percent = 120, .max_chunk = 9'000}, true, true, true);
    run<1>(333, {.first_chunk = 5'000, .limit = 70'001}, true, true, true);
    run<16>(0, {.first_chunk = 500, .max_chunk = 5'000, .limit = 20'001, .recycle = true}, true, true, true);
}

}  // namespace
