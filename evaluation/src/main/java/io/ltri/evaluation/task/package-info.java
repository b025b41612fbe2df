/** Tasks. */
@NullMarked
package io.ltri.evaluation.task;

import org.jspecify.annotations.NullMarked;
