package io.ltri.client;

/**
 * A span of a document that an answer, or one step of it, looked at.
 *
 * @param documentId the document whose text it is
 * @param start first token of the document's whole text
 * @param end token after the last
 * @param weight share of the attention of the steps that it received: a mean over layers, query
 *     heads and steps, between 0 and 1
 * @param page from 1; 0: not known
 * @param text of the tokens; empty for a single step's sources
 */
public record Source(
    String documentId, long start, long end, double weight, int page, String text) {}
