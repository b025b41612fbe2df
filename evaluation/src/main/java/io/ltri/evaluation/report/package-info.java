/**
 * What was measured, as one page to read ({@link io.ltri.evaluation.report.ReportPage}) and as a
 * table for the terminal ({@link io.ltri.evaluation.report.TextTable}). Reads rows; measures
 * nothing itself, but for the picture of one layer's map ({@link
 * io.ltri.evaluation.report.MapPicture}).
 */
@NullMarked
package io.ltri.evaluation.report;

import org.jspecify.annotations.NullMarked;
