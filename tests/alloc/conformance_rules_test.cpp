// Each rule of the conformance suite, shown on an allocator that breaks it.
#include <zigmund/alloc/heap.hpp>
#include <zigmund/alloc/pages.hpp>
#include <zigmund/alloc/testing/gtest.hpp>

#include <gtest/gtest.h>

#include <cstring>
#include <new>
#include <regex>
#include <stdexcept>
#include <thread>

namespace {

using namespace zigmund::alloc;
using namespace zigmund::alloc::testing;
using Growth = CheckedUpstream::Growth;

::testing::AssertionResult reports(const std::vector<std::string>& violations, const std::string& pattern) {
    for (const std::string& violation : violations) {
        if (std::regex_match(violation, std::regex{pattern})) return ::testing::AssertionSuccess();
    }
    auto failure = ::testing::AssertionFailure() << "no violation matches " << pattern << " among:";
    for (const std::string& violation : violations) failure << "\n  " << violation;
    return failure;
}

template <class Broken>
std::vector<std::string> check(const ConformanceOptions& options = {}) {
    return check_conformance([](Resource& upstream) { return std::make_unique<Broken>(upstream); }, options);
}

// Correct: passes every call on. What follows breaks one thing each.
class Through : public Resource {
  public:
    explicit Through(Resource& upstream) : upstream_{upstream} {}

  protected:
    void* do_try_allocate(std::size_t size, std::size_t align) noexcept override {
        return upstream_.try_allocate(size, align);
    }
    void do_deallocate(void* p, std::size_t size, std::size_t align) noexcept override {
        upstream_.deallocate(p, size, align);
    }
    bool do_resize(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept override {
        return upstream_.resize(p, old_size, align, new_size);
    }
    void* do_remap(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept override {
        return upstream_.remap(p, old_size, align, new_size);
    }
    Resource& upstream_;
};

// Correct: cuts blocks from one mapping and starts over when the last was freed, so that what its heirs
// break stays inside memory that they own. Resize works for the newest block.
class Bump : public Resource {
  public:
    explicit Bump(std::size_t capacity = std::size_t{64} << 20)
        : capacity_{capacity},
          memory_{static_cast<std::byte*>(pages().allocate(capacity, page_size()))},
          next_{memory_} {}
    ~Bump() override { pages().deallocate(memory_, capacity_, page_size()); }
    Bump(const Bump&) = delete;
    Bump& operator=(const Bump&) = delete;

  protected:
    void* do_try_allocate(std::size_t size, std::size_t align) noexcept override {
        const auto at = reinterpret_cast<std::uintptr_t>(next_);
        const std::size_t padding = (align - at % align) % align;
        if (padding > room(next_) || size > room(next_ + padding)) return nullptr;
        std::byte* const p = next_ + padding;
        next_ = p + size;
        ++live_;
        return p;
    }
    void do_deallocate(void* /*p*/, std::size_t /*size*/, std::size_t /*align*/) noexcept override {
        if (--live_ == 0) next_ = memory_;
    }
    bool do_resize(void* p, std::size_t old_size, std::size_t /*align*/,
                   std::size_t new_size) noexcept override {
        auto* const block = static_cast<std::byte*>(p);
        if (old_size != static_cast<std::size_t>(next_ - block) || new_size > room(block)) return false;
        next_ = block + new_size;
        return true;
    }
    [[nodiscard]] std::size_t room(const std::byte* from) const {
        return static_cast<std::size_t>(memory_ + capacity_ - from);
    }

    std::size_t capacity_;
    std::byte* memory_;
    std::byte* next_;
    std::size_t live_ = 0;
};

TEST(ConformanceRules, SoundAllocatorsBreakNone) {
    EXPECT_TRUE(conforms([](Resource& upstream) { return std::make_unique<Through>(upstream); }));
    Bump bump;
    EXPECT_TRUE(conforms(bump, {.grows_in_place = true}));
}

TEST(ConformanceRules, AddressesAreAligned) {
    class Ignores final : public Bump {
        void* do_try_allocate(std::size_t size, std::size_t align) noexcept override {
            return Bump::do_try_allocate(size, align > 1024 ? 1024 : align);
        }
    } broken;
    EXPECT_TRUE(reports(check_conformance(broken),
                        R"((try_)?allocate: the block of \d+ bytes, alignment 2048, is misaligned by 1024 )"
                        R"(\(every size with alignment 2048\))"));
}

TEST(ConformanceRules, BlocksDoNotOverlap) {
    class Overlaps final : public Bump {
        void* do_try_allocate(std::size_t size, std::size_t align) noexcept override {
            if (size == 40 && align == 1) next_ -= 1;
            return Bump::do_try_allocate(size, align);
        }
    } broken;
    EXPECT_TRUE(reports(check_conformance(broken),
                        R"((try_)?allocate: the block of 40 bytes, alignment 1, overlaps a live block of )"
                        R"(\d+ bytes, alignment 1 \(every size with alignment 1\))"));
}

TEST(ConformanceRules, BytesStayAsTheyWereWritten) {
    class Scribbles final : public Bump {
        void do_deallocate(void* p, std::size_t size, std::size_t align) noexcept override {
            if (next_ != memory_) next_[-1] = std::byte{0};
            Bump::do_deallocate(p, size, align);
        }
    } broken;
    EXPECT_TRUE(reports(check_conformance(broken),
                        R"(a block of \d+ bytes, alignment \d+ changed while nobody wrote it: )"
                        R"(seen before it was freed \(.*\))"));
}

TEST(ConformanceRules, ResizeGivesNoRoomOfAnotherBlock) {
    class Generous final : public Bump {
        bool do_resize(void* p, std::size_t old_size, std::size_t align,
                       std::size_t new_size) noexcept override {
            return Bump::do_resize(p, old_size, align, new_size) || new_size == old_size + 1;
        }
    } broken;
    EXPECT_TRUE(reports(check_conformance(broken),
                        R"(resize from \d+ to \d+ bytes: the block of \d+ bytes, alignment \d+, overlaps )"
                        R"(a live block of \d+ bytes, alignment \d+ \(random calls, seed \d\))"));
}

TEST(ConformanceRules, TwoEmptyBlocksAtOneAddressDoNotBothGrowThere) {
    class Shares final : public Bump {
        void* do_try_allocate(std::size_t size, std::size_t align) noexcept override {
            return size == 0 && live_++ < 100 ? memory_ : Bump::do_try_allocate(size, align);
        }
        bool do_resize(void* p, std::size_t old_size, std::size_t align,
                       std::size_t new_size) noexcept override {
            return Bump::do_resize(p, old_size, align, new_size) || (old_size == 0 && new_size == 8);
        }
    } broken;
    EXPECT_TRUE(reports(check_conformance(broken),
                        R"(resize from 0 to 8 bytes: the block of 8 bytes, alignment \d+, overlaps a live )"
                        R"(block of 8 bytes, alignment \d+ \(blocks of size 0\))"));
}

TEST(ConformanceRules, ABlockOfSizeZeroCanBeHad) {
    class NullForZero final : public Bump {
        void* do_try_allocate(std::size_t size, std::size_t align) noexcept override {
            return size == 0 ? nullptr : Bump::do_try_allocate(size, align);
        }
    } broken;
    EXPECT_TRUE(
        reports(check_conformance(broken), R"(try_allocate\(0, 1\) has no memory \(blocks of size 0\))"));
}

TEST(ConformanceRules, RefusedResizeChangesNothing) {
    class Clobbers final : public Bump {
        bool do_resize(void* p, std::size_t old_size, std::size_t /*align*/,
                       std::size_t /*new_size*/) noexcept override {
            if (old_size != 0) *static_cast<std::byte*>(p) = std::byte{0};
            return false;
        }
    } broken;
    EXPECT_TRUE(reports(check_conformance(broken),
                        R"(a block of \d+ bytes, alignment \d+ changed while nobody wrote it: )"
                        R"(seen after resize to \d+ was refused \(random calls, seed 1\))"));
}

TEST(ConformanceRules, RemapKeepsTheContent) {
    class Forgets final : public Bump {
        void* do_remap(void* p, std::size_t old_size, std::size_t align,
                       std::size_t new_size) noexcept override {
            void* const moved = do_try_allocate(new_size, align);
            if (moved != nullptr) do_deallocate(p, old_size, align);
            return moved;
        }
    } broken;
    EXPECT_TRUE(reports(check_conformance(broken),
                        R"(remap from \d+ to \d+ bytes lost the content \(random calls, seed 1\))"));
}

TEST(ConformanceRules, RemapKeepsTheContentAtItsOffset) {
    class Shifts final : public Bump {
        void* do_remap(void* p, std::size_t old_size, std::size_t align,
                       std::size_t new_size) noexcept override {
            if (new_size < old_size || old_size == 0) return nullptr;
            auto* const moved = static_cast<std::byte*>(do_try_allocate(new_size, align));
            if (moved != nullptr) do_deallocate(p, old_size, align);
            if (moved != nullptr) std::memcpy(moved, static_cast<std::byte*>(p) + 1, old_size - 1);
            return moved;
        }
    } broken;
    EXPECT_TRUE(reports(check_conformance(broken),
                        R"(remap from \d+ to \d+ bytes lost the content \(random calls, seed 1\))"));
}

TEST(ConformanceRules, SizesThatOverflowAreRefused) {
    class Wraps final : public Bump {
        void* do_try_allocate(std::size_t size, std::size_t align) noexcept override {
            return Bump::do_try_allocate((size + 15) & ~std::size_t{15}, align);
        }
    } broken;
    const auto violations = check_conformance(broken);
    EXPECT_TRUE(
        reports(violations, R"(try_allocate\(SIZE_MAX - 0, 1\) was granted \(sizes that overflow\))"));
    EXPECT_TRUE(reports(violations, R"(allocate\(SIZE_MAX - 0, 1\) was granted \(sizes that overflow\))"));
}

TEST(ConformanceRules, SizesThatOverflowWithTheAlignmentAreRefused) {
    class Wraps final : public Bump {
        void* do_try_allocate(std::size_t size, std::size_t align) noexcept override {
            if (align < 4096) return Bump::do_try_allocate(size, align);
            auto* const p = static_cast<std::byte*>(Bump::do_try_allocate(size + align, 1));
            if (p == nullptr) return nullptr;
            return p + (align - reinterpret_cast<std::uintptr_t>(p) % align) % align;
        }
    } broken;
    EXPECT_TRUE(reports(check_conformance(broken),
                        R"(try_allocate\(SIZE_MAX - \d+, 4096\) was granted \(sizes that overflow\))"));
}

TEST(ConformanceRules, GrowthToSizesThatOverflowIsRefused) {
    class Wraps final : public Bump {
        bool do_resize(void* p, std::size_t old_size, std::size_t align,
                       std::size_t new_size) noexcept override {
            return new_size > capacity_ || Bump::do_resize(p, old_size, align, new_size);
        }
    } broken;
    const auto violations = check_conformance(broken);
    EXPECT_TRUE(reports(violations, R"(resize to SIZE_MAX - 0 was granted \(sizes that overflow\))"));
    EXPECT_TRUE(reports(violations, R"(remap to SIZE_MAX - 0 was granted \(sizes that overflow\))"));
}

TEST(ConformanceRules, TheThrowingTwinThrowsBadAllocOnly) {
    class ThrowsOther final : public Bump {
        void* do_allocate(std::size_t size, std::size_t align) override {
            void* const p = do_try_allocate(size, align);
            if (p == nullptr) throw std::runtime_error{"no memory"};
            return p;
        }
    } broken;
    EXPECT_TRUE(reports(check_conformance(broken),
                        R"(allocate\(SIZE_MAX - 0, 1\) threw something else than std::bad_alloc )"
                        R"(\(sizes that overflow\))"));
}

TEST(ConformanceRules, TheThrowingTwinHasMemoryWhereTheOtherHas) {
    class Throws final : public Bump {
        void* do_allocate(std::size_t /*size*/, std::size_t /*align*/) override { throw std::bad_alloc{}; }
    } broken;
    EXPECT_TRUE(reports(check_conformance(broken), R"(allocate\(0, 1\) has no memory \(blocks of size 0\))"));
}

TEST(ConformanceRules, FreedMemoryComesBack) {
    class Keeps final : public Through {
      public:
        using Through::Through;
        ~Keeps() override {
            for (const auto& block : kept_) upstream_.deallocate(block.p, block.size, block.align);
        }
        Keeps(const Keeps&) = delete;
        Keeps& operator=(const Keeps&) = delete;

      private:
        struct Kept {
            void* p;
            std::size_t size;
            std::size_t align;
        };
        void do_deallocate(void* p, std::size_t size, std::size_t align) noexcept override {
            kept_.push_back({p, size, align});
        }
        std::vector<Kept> kept_;
    };
    EXPECT_TRUE(reports(check<Keeps>({.max_size = 256, .max_align = 16}),
                        R"(it holds 4194304 bytes of its upstream after 16384 blocks of 256 bytes that were )"
                        R"(all freed \(memory that was freed\))"));
    EXPECT_TRUE(check<Keeps>({.max_size = 256, .max_align = 16, .frees = false}).empty());
}

TEST(ConformanceRules, AFixedCapacityComesBack) {
    class Keeps final : public Bump {
      public:
        Keeps() : Bump{std::size_t{1} << 20} {}

      private:
        void do_deallocate(void* /*p*/, std::size_t /*size*/, std::size_t /*align*/) noexcept override {}
    } broken;
    EXPECT_TRUE(reports(check_conformance(broken, {.may_refuse = true}),
                        R"(there is no memory after \d+ blocks of 4096 bytes that were all freed )"
                        R"(\(memory that was freed\))"));
}

TEST(ConformanceRules, SomeBlockCanBeHad) {
    class Nothing final : public Bump {
        void* do_try_allocate(std::size_t /*size*/, std::size_t /*align*/) noexcept override {
            return nullptr;
        }
    } broken;
    EXPECT_TRUE(reports(check_conformance(broken, {.may_refuse = true}),
                        R"(it refused every request \(every size with alignment 1\))"));
    EXPECT_TRUE(reports(check_conformance(broken), R"(try_allocate\(0, 1\) has no memory .*)"));
}

TEST(ConformanceRules, WhoNeverServesServesNothing) {
    EXPECT_TRUE(reports(check_conformance(heap().resource(), {.may_refuse = true, .never_serves = true}),
                        R"(it served a request \(every size with alignment 1\))"));
}

TEST(ConformanceRules, ItRecoversWhenTheUpstreamDoes) {
    class Sulks final : public Through {
      public:
        using Through::Through;

      private:
        void* do_try_allocate(std::size_t size, std::size_t align) noexcept override {
            if (refused_) return nullptr;
            void* const p = upstream_.try_allocate(size, align);
            refused_ = p == nullptr && size < SIZE_MAX / 4;
            return p;
        }
        bool refused_ = false;
    };
    EXPECT_TRUE(reports(check<Sulks>(),
                        R"(try_allocate\(1000, 1\) has no memory \(the upstream fails at its call 0\))"));
    EXPECT_TRUE(
        reports(check<Sulks>(),
                R"(try_allocate\(1000, 1\) has no memory \(the upstream fails at its call 0 and at all )"
                R"(later ones\))"));
}

TEST(ConformanceRules, AFailureOfTheUpstreamHarmsNoBlock) {
    class Clobbers final : public Through {
      public:
        using Through::Through;

      private:
        void* do_remap(void* p, std::size_t old_size, std::size_t align,
                       std::size_t new_size) noexcept override {
            void* const moved = upstream_.remap(p, old_size, align, new_size);
            if (moved == nullptr && old_size != 0 && new_size < SIZE_MAX / 4) std::memset(p, 0, old_size);
            return moved;
        }
    };
    // Shown where nothing refuses but the induced failure.
    EXPECT_TRUE(
        reports(check<Clobbers>({.max_size = 64, .max_align = 16}),
                R"(a block of \d+ bytes, alignment \d+ changed while nobody wrote it: seen after remap to )"
                R"(\d+ was refused \(.*\))"));
}

TEST(ConformanceRules, MakingItMayFailWithTheUpstreamOnly) {
    const MakeResource fails = [](Resource& upstream) -> std::unique_ptr<Resource> {
        upstream.deallocate(upstream.allocate(64), 64);
        throw std::bad_alloc{};
    };
    EXPECT_TRUE(reports(check_conformance(fails), R"(it could not be made: std::bad_alloc.*)"));

    class Eager final : public Through {
      public:
        explicit Eager(Resource& upstream) : Through{upstream}, memory_{upstream.allocate(64)} {}
        ~Eager() override { upstream_.deallocate(memory_, 64); }
        Eager(const Eager&) = delete;
        Eager& operator=(const Eager&) = delete;

      private:
        void* memory_;
    };
    EXPECT_EQ(check<Eager>(), std::vector<std::string>{});
}

TEST(ConformanceRules, TheUpstreamGetsItsBlocksBackAsTheyAre) {
    class WrongSize final : public Through {
      public:
        using Through::Through;

      private:
        void do_deallocate(void* p, std::size_t size, std::size_t align) noexcept override {
            upstream_.deallocate(p, size == 33 ? 34 : size, align);
        }
    };
    EXPECT_TRUE(reports(check<WrongSize>(),
                        R"(deallocate with size 34 and alignment 1 of a block of size 33 and alignment 1 )"
                        R"(of its upstream \(every size with alignment 1\))"));

    class WrongAlign final : public Through {
      public:
        using Through::Through;

      private:
        void do_deallocate(void* p, std::size_t size, std::size_t /*align*/) noexcept override {
            upstream_.deallocate(p, size);
        }
    };
    EXPECT_TRUE(
        reports(check<WrongAlign>(),
                R"(deallocate with size \d+ and alignment 16 of a block of size \d+ and alignment 1 of )"
                R"(its upstream \(.*\))"));
}

TEST(ConformanceRules, TheUpstreamGetsItsBlocksBackOnce) {
    class Twice final : public Through {
      public:
        using Through::Through;

      private:
        void do_deallocate(void* p, std::size_t size, std::size_t align) noexcept override {
            upstream_.deallocate(p, size, align);
            if (size == 33) upstream_.deallocate(p, size, align);
        }
    };
    EXPECT_TRUE(reports(check<Twice>(),
                        R"(deallocate of a block of 33 bytes that its upstream did not give, or has back )"
                        R"(already \(every size with alignment 1\))"));

    class Never final : public Through {
      public:
        using Through::Through;

      private:
        void do_deallocate(void* p, std::size_t size, std::size_t align) noexcept override {
            if (size != 33 || align != 1) upstream_.deallocate(p, size, align);
        }
    };
    EXPECT_TRUE(reports(check<Never>(),
                        R"(it died without giving back \d+ blocks, \d+ bytes, of its upstream )"
                        R"(\(every size with alignment \d+\))"));
}

TEST(ConformanceRules, NothingIsWrittenOutsideTheUpstreamsBlocks) {
    class Behind final : public Through {
      public:
        using Through::Through;

      private:
        void* do_try_allocate(std::size_t size, std::size_t align) noexcept override {
            auto* const p = static_cast<std::byte*>(upstream_.try_allocate(size, align));
            if (p != nullptr) p[size] = std::byte{0};
            return p;
        }
    };
    EXPECT_TRUE(reports(check<Behind>(), R"(it wrote behind a block of \d+ bytes of its upstream .*)"));

    class Before final : public Through {
      public:
        using Through::Through;

      private:
        void* do_try_allocate(std::size_t size, std::size_t align) noexcept override {
            auto* const p = static_cast<std::byte*>(upstream_.try_allocate(size, align));
            if (p != nullptr) p[-1] = std::byte{0};
            return p;
        }
    };
    EXPECT_TRUE(reports(check<Before>(), R"(it wrote before a block of \d+ bytes of its upstream .*)"));
}

TEST(ConformanceRules, ServesEachOfItsThreads) {
    class OneThread final : public Bump {
        void* do_try_allocate(std::size_t size, std::size_t align) noexcept override {
            return std::this_thread::get_id() == owner_ ? Bump::do_try_allocate(size, align) : nullptr;
        }
        std::thread::id owner_ = std::this_thread::get_id();
    } broken;
    EXPECT_TRUE(check_conformance(broken).empty());
    EXPECT_TRUE(reports(check_conformance(broken, {.threads = 2}),
                        R"(try_allocate\(\d+, \d+\) has no memory \(2 threads\))"));
}

TEST(ConformanceRules, ExpectedGrowthIsMissedWhereThereIsNone) {
    class Never final : public Bump {
        bool do_resize(void* /*p*/, std::size_t /*old_size*/, std::size_t /*align*/,
                       std::size_t /*new_size*/) noexcept override {
            return false;
        }
    } broken;
    EXPECT_TRUE(check_conformance(broken, {.max_size = 1024}).empty());
    EXPECT_EQ(check_conformance(broken, {.max_size = 1024, .grows_in_place = true, .remaps = true}),
              (std::vector<std::string>{"resize never let a block grow", "remap was always refused"}));
}

TEST(ConformanceRules, ReportsThreeViolationsOfAKindAndCountsTheRest) {
    class NoEmptyOnes final : public Bump {
        void* do_try_allocate(std::size_t size, std::size_t align) noexcept override {
            return size == 0 ? nullptr : Bump::do_try_allocate(size, align);
        }
        void* do_allocate(std::size_t size, std::size_t align) override {
            void* const p = Bump::do_try_allocate(size, align);
            if (p == nullptr) throw std::bad_alloc{};
            return p;
        }
    } broken;
    // Alignments 1, 2 and 4: one refusal each of the rule for size 0, one of the rule for every size.
    const auto violations = check_conformance(broken, {.max_size = 1, .max_align = 4});
    ASSERT_EQ(violations.size(), 4u);
    EXPECT_EQ(violations[0], "try_allocate(0, 1) has no memory (blocks of size 0)");
    EXPECT_EQ(violations[2], "try_allocate(0, 4) has no memory (blocks of size 0)");
    EXPECT_TRUE(std::regex_match(violations[3], std::regex{R"(and \d+ more)"}));
}

TEST(CheckedUpstream, AlignsAsAskedAndNoBetter) {
    CheckedUpstream upstream;
    for (std::size_t align = 1; align <= 4096; align *= 2) {
        void* const p = upstream.allocate(10, align);
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(p) % (2 * align), align);
        upstream.deallocate(p, 10, align);
    }
    EXPECT_TRUE(upstream.violations().empty());
}

TEST(CheckedUpstream, FailsAtTheCallThatWasChosen) {
    CheckedUpstream upstream{Growth::in_place};
    void* const p = upstream.try_allocate(10);
    upstream.fail_at(2);
    EXPECT_TRUE(upstream.resize(p, 10, default_align, 12));
    EXPECT_FALSE(upstream.resize(p, 12, default_align, 14));
    EXPECT_EQ(upstream.remap(p, 12, default_align, 14), p);
    upstream.fail_at(4, true);
    EXPECT_EQ(upstream.try_allocate(10), nullptr);
    EXPECT_EQ(upstream.remap(p, 14, default_align, 16), nullptr);
    EXPECT_THROW((void)upstream.allocate(10), std::bad_alloc);
    EXPECT_EQ(upstream.calls(), 7u);
    upstream.fail_never();
    upstream.deallocate(p, 14);
    EXPECT_EQ(upstream.live_blocks(), 0u);
}

TEST(CheckedUpstream, GrowsAsItWasTold) {
    CheckedUpstream refuses;
    CheckedUpstream moves{Growth::moves};
    void* p = refuses.allocate(10);
    EXPECT_FALSE(refuses.resize(p, 10, default_align, 5));
    EXPECT_EQ(refuses.remap(p, 10, default_align, 5), nullptr);
    refuses.deallocate(p, 10);

    p = moves.allocate(10);
    std::memset(p, 7, 10);
    void* const moved = moves.remap(p, 10, default_align, 5);
    EXPECT_NE(moved, p);
    EXPECT_EQ(std::memcmp(moved, "\7\7\7\7\7", 5), 0);
    EXPECT_EQ(moves.live_bytes(), 5u);
    EXPECT_FALSE(moves.resize(moved, 5, default_align, 6));
    moves.deallocate(moved, 5);
    EXPECT_TRUE(moves.violations().empty());
}

TEST(CheckedUpstream, ReportsWhatIsDoneToItsBlocks) {
    CheckedUpstream upstream;
    auto* const p = static_cast<std::byte*>(upstream.allocate(10, 1));
    p[10] = std::byte{0};
    EXPECT_EQ(upstream.violations(),
              std::vector<std::string>{"it wrote behind a block of 10 bytes of its upstream"});
    upstream.deallocate(p, 12, 2);
    EXPECT_EQ(upstream.violations(),
              (std::vector<std::string>{
                  "deallocate with size 12 and alignment 2 of a block of size 10 and alignment 1 of its "
                  "upstream",
                  "it wrote behind a block of 10 bytes of its upstream"}));
    EXPECT_FALSE(upstream.resize(p, 10, 1, 11));
    EXPECT_EQ(upstream.violations().back(),
              "resize of a block of 10 bytes that its upstream did not give, or has back already");
}

}  // namespace
