//! Advice to the operating system about large memory.

use std::mem::MaybeUninit;

/// Size of a huge page on the processors that matter here, and from which size on advice pays.
const HUGE_PAGE: usize = 2 << 20;

/// Asks for huge pages for memory that is about to be written all over and then accessed at places far apart, such as the table of a large hash map: an
/// access then misses one level of the page tables less, and hardly ever the translation buffer. Memory below 2 MiB is left as it is, and so is all memory
/// where the operating system knows no such advice or does not take it; the contents stay what they are in any case.
pub fn advise_huge<T>(memory: &mut [MaybeUninit<T>]) {
    if size_of_val(memory) < HUGE_PAGE {
        return;
    }
    #[cfg(target_os = "linux")]
    {
        let page = rustix::param::page_size();
        let (address, length) = (memory.as_mut_ptr().addr(), size_of_val(memory));
        // Advice is given for whole pages: those that lie in the memory entirely.
        let start = address.next_multiple_of(page);
        let end = (address + length) / page * page;
        // A kernel without huge pages says so; then pages are small.
        // SAFETY: the pages lie in memory that is borrowed mutably, and this advice changes neither their contents nor what may be done with them.
        let _ = unsafe {
            rustix::mm::madvise(
                memory.as_mut_ptr().with_addr(start).cast(),
                end - start,
                rustix::mm::Advice::LinuxHugepage,
            )
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_stay_what_they_are() {
        for count in [0, 1, HUGE_PAGE / 8, 3 * HUGE_PAGE / 8 + 1] {
            let mut numbers: Vec<u64> = Vec::with_capacity(count);
            advise_huge(numbers.spare_capacity_mut());
            numbers.extend(0..count as u64);
            advise_huge(numbers.spare_capacity_mut());
            assert!(numbers.iter().copied().eq(0..count as u64));
        }
    }
}
