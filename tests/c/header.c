/* The header stands alone, twice. */

#include <pennon.h>
#include <pennon.h>

/* C99 has no other assertion at compile time. */
typedef char enums_are_of_32_bits[sizeof(pennon_status) == 4 ? 1 : -1];
typedef char no_text_has_this_length[PENNON_ZERO_TERMINATED == SIZE_MAX ? 1 : -1];

int main(void)
{
    return pennon_abi_version() == PENNON_ABI_VERSION ? 0 : 1;
}
