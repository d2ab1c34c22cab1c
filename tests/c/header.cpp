/* The header stands alone, twice. */

#include <pennon.h>
#include <pennon.h>

static_assert(sizeof(pennon_status) == 4, "enums are of 32 bits");
static_assert(PENNON_ZERO_TERMINATED == SIZE_MAX, "no text has this length");

int main()
{
    return pennon_abi_version() == PENNON_ABI_VERSION ? 0 : 1;
}
