/* Kernels of an analog tile (src/kernels/tile-arguments.ts). */
#define TILE_KERNELS(X)                                                                                                \
  X(encode)                                                                                                            \
  X(packCells)                                                                                                         \
  X(vmm)                                                                                                               \
  X(normals)                                                                                                           \
  X(readout)                                                                                                           \
  X(readCells)                                                                                                         \
  X(ladder)

/* Gradients and the optimiser (src/kernels/training-arguments.ts). */
#define TRAINING_KERNELS(X)                                                                                            \
  X(weightGradient)                                                                                                    \
  X(columnSums)                                                                                                        \
  X(layerNormGradient)                                                                                                 \
  X(geluGradient)                                                                                                      \
  X(tanhGradient)                                                                                                      \
  X(attentionGradient)                                                                                                 \
  X(dropout)                                                                                                           \
  X(scatterAdd)                                                                                                        \
  X(adamW)

/* Hardware-aware training (src/kernels/hardware-arguments.ts). */
#define HARDWARE_KERNELS(X)                                                                                            \
  X(quantise)                                                                                                          \
  X(quantiseGradient)                                                                                                  \
  X(straightThrough)                                                                                                   \
  X(columnDots)                                                                                                        \
  X(columnMaxima)                                                                                                      \
  X(disturb)                                                                                                           \
  X(clipGradient)                                                                                                      \
  X(clipWeights)                                                                                                       \
  X(lineFactors)

/* Calibration (src/kernels/calibration-arguments.ts). */
#define CALIBRATION_KERNELS(X)                                                                                         \
  X(square)                                                                                                            \
  X(countMagnitudes)                                                                                                   \
  X(weighMagnitudes)                                                                                                   \
  X(addToTails)                                                                                                        \
  X(pairSums)

/* Every kernel, in the order of src/kernels/arguments.ts: a kernel's number is its place here. */
#define KERNELS(X)                                                                                                     \
  TILE_KERNELS(X)                                                                                                      \
  TRAINING_KERNELS(X)                                                                                                  \
  HARDWARE_KERNELS(X)                                                                                                  \
  CALIBRATION_KERNELS(X)                                                                                               \
  X(pack)                                                                                                              \
  X(product)                                                                                                           \
  X(layerNorm)                                                                                                         \
  X(softmax)                                                                                                           \
  X(attention)                                                                                                         \
  X(exp)                                                                                                               \
  X(log)                                                                                                               \
  X(erf)                                                                                                               \
  X(tanh)                                                                                                              \
  X(gelu)                                                                                                              \
  X(turn)                                                                                                              \
  X(add)                                                                                                               \
  X(embed)                                                                                                             \
  X(gather)                                                                                                            \
  X(dot)                                                                                                               \
  X(addMoments)
