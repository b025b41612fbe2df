package io.ltri.client;

/**
 * A token that could have stood in the place of another.
 *
 * @param text with replacement characters where the token is no whole character
 * @param logProbability natural, of the model's own, before temperature and penalties
 */
public record TokenProbability(int tokenId, String text, float logProbability) {}
