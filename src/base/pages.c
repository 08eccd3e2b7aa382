/* SPDX-License-Identifier: MIT */
#include "waybill/base/pages.h"
#include "waybill/base/error.h"
#include <stdlib.h>
#include <sys/mman.h>

#ifdef WB_SANITIZED /* a sanitizer sees what is outside of a block of the heap, and who forgot it */

void *pages_alloc(size_t bytes)
{
    return wb_alloc(bytes);
}

void pages_free(void *memory, size_t bytes)
{
    (void)bytes;
    free(memory);
}

#else

void *pages_alloc(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    WB_REQUIRE(memory != MAP_FAILED);
    return memory;
}

void pages_free(void *memory, size_t bytes)
{
    if (memory)
        munmap(memory, bytes);
}

#endif
