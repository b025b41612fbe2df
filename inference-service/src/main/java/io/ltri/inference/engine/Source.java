package io.ltri.inference.engine;

/**
 * A span of a document that an answer, or one step of it, looked at.
 *
 * @param documentId the document whose text it is
 * @param start first token of the document's whole text, what it continues included
 * @param end token after the last
 * @param weight share of what tells the steps' attention apart: a span to which all steps attend
 *     alike has nothing, one to which few steps attend and hard has most. Between 0 and 1; those of
 *     disjoint spans add up to at most 1
 * @param attention share of all attention that it received: a mean over layers, query heads and
 *     steps
 * @param page on which most of its weight lies, from 1; 0: not known
 * @param text of the tokens; empty for a single step's sources
 */
public record Source(
    String documentId,
    int start,
    int end,
    double weight,
    double attention,
    int page,
    String text) {}
