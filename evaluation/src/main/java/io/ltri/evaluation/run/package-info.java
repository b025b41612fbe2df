/**
 * Runs samples: a text is read once per way of reading and answered once per way of looking up
 * ({@link io.ltri.evaluation.run.Variant}); one row of JSON per answer, kept in a file that a later
 * run continues.
 */
@NullMarked
package io.ltri.evaluation.run;

import org.jspecify.annotations.NullMarked;
