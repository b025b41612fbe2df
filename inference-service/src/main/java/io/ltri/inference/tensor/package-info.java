/**
 * The only package that touches DJL and TorchScript: layer programs, native memory, device and
 * precision.
 */
@NullMarked
package io.ltri.inference.tensor;

import org.jspecify.annotations.NullMarked;
