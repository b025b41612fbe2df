/**
 * The paper: triangle scores, segmentation, votes, confidence and index vectors. Pure functions
 * over arrays.
 */
@NullMarked
package io.ltri.inference.span;

import org.jspecify.annotations.NullMarked;
