// PmrAdapter: std::pmr and the toolkit on top of each other, in both directions, with every block checked
// when it is given back.
//
//     PmrAdapter ours{*std::pmr::new_delete_resource()};   // a foreign resource under our verbs
//     Arena arena{ours};
//
//     PmrAdapter watched{arena};                            // one of ours under foreign code
//     third_party::Table table{&watched};
//
// No adapter is needed for the second direction alone: a Resource is a std::pmr::memory_resource. The adapter
// adds that the size and the alignment are compared with those of the allocation. Allocators that ignore
// both, as malloc does, hide that a caller passes wrong ones until it meets one that goes by them. Then
//
//     zigmund: deallocate(0x7f25a0, 24, 8) of a block that has 32 bytes aligned to 16
//     zigmund: deallocate(0x7f25a0, 24, 8) of what is no live block of this PmrAdapter: it was given back
//     before, comes from elsewhere, or what lies in front of it was overwritten
//
// is printed, with the stack that led there, and the program aborts; resize and remap likewise.
//
// Threads: as the upstream. Cost: 32 bytes in front of each block, or its alignment if that is more, and a
// few comparisons. Never: keeps memory back; throws from a verb that does not, whatever the upstream throws
// counts as a refusal.
#pragma once

#include <zigmund/alloc/export.hpp>
#include <zigmund/alloc/resource.hpp>

#include <cstddef>
#include <memory_resource>

namespace zigmund::alloc::inline v0 {

class ZIGMUND_EXPORT PmrAdapter final : public Resource {
  public:
    /// Takes its memory from `upstream`, which must outlive it and all its blocks. If that is a Resource,
    /// blocks are resized and remapped there; other memory resources can do neither. With -fno-rtti a Resource is
    /// known by the type of the reference alone.
#if defined(__cpp_rtti)
    explicit PmrAdapter(std::pmr::memory_resource& upstream) noexcept
        : upstream_{&upstream}, resource_{dynamic_cast<Resource*>(&upstream)} {}
#else
    explicit PmrAdapter(std::pmr::memory_resource& upstream) noexcept
        : upstream_{&upstream}, resource_{nullptr} {}
    /// The same over a Resource.
    explicit PmrAdapter(Resource& upstream) noexcept : upstream_{&upstream}, resource_{&upstream} {}
#endif

    /// What it was made over.
    [[nodiscard]] std::pmr::memory_resource& upstream() const noexcept { return *upstream_; }

  private:
    void* do_try_allocate(std::size_t size, std::size_t align) noexcept override;
    void do_deallocate(void* p, std::size_t size, std::size_t align) noexcept override;
    bool do_resize(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept override;
    void* do_remap(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept override;

    std::pmr::memory_resource* upstream_;
    Resource* resource_;
};

}  // namespace zigmund::alloc::inline v0
