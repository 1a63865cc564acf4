/* All kernels in one translation unit: compiled once to WebAssembly, and once per instruction set for the native addon
 * with -DISA=name -DWIDTH=bytes. No library is called; no option may fuse, reorder or approximate. */
#include "embedding.h"
#include "elementwise.h"
#include "layer_norm.h"
#include "moments.h"
#include "product.h"
#include "softmax.h"
#include "attention.h"
#include "vmm.h"
#include "pulse_width.h"
#include "readout.h"
#include "cells.h"
#include "training.h"
