// A kernel of the runtime's ABI (runtime/device/kernel_abi.h), as a plan's image holds it:
// TPC_FACTOR tells two images apart.
void kernel(void *const *pointers, const long *scalars, long begin, long end) {
  long *values = pointers[0];
  for (long i = begin; i < end; ++i)
    values[i] += scalars[0] * TPC_FACTOR;
}
