/* SPDX-License-Identifier: MIT */
/*
 * What libbrotlienc.a wants of libm: one function, for which a program linked with it (WB_LEAN) would load a library that takes
 * a third of a MiB as it starts. The linker leads brotli's calls here (--wrap). Brotli asks for the logarithm of counts, to
 * estimate what a coding would cost.
 */
#include <math.h>
#include <stdint.h>
#include <string.h>

enum { FRACTION_BITS = 52, EXPONENT_BIAS = 1023 };

/* Of positive numbers that are not denormal, to some units in the last place. */
double __wrap_log2(double value);
double __wrap_log2(double value)
{
    const uint64_t fraction = ((uint64_t)1 << FRACTION_BITS) - 1, one = (uint64_t)EXPONENT_BIAS << FRACTION_BITS;
    uint64_t bits;
    double mantissa; /* 1/sqrt(2) to sqrt(2), where the series below ends soon */

    memcpy(&bits, &value, sizeof bits);
    int exponent = (int)(bits >> FRACTION_BITS) - EXPONENT_BIAS;
    bits = (bits & fraction) | one;
    memcpy(&mantissa, &bits, sizeof mantissa);
    if (mantissa > M_SQRT2) {
        mantissa /= 2;
        exponent++;
    }
    /* ln m = 2 (z + z^3/3 + z^5/5 + ...) */
    double z = (mantissa - 1) / (mantissa + 1), square = z * z, sum = 0;
    for (int k = 21; k > 0; k -= 2)
        sum = sum * square + 1.0 / k;
    return exponent + 2 * M_LOG2E * z * sum;
}
