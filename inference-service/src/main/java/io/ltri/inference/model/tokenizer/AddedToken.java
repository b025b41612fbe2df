package io.ltri.inference.model.tokenizer;

/**
 * A token that is found in the text before it is split into words.
 *
 * @param special a control token: recognised in rendered templates, never in document text
 * @param plain neither swallows neighbouring spaces, nor asks for word borders, nor is looked for
 *     in normalised text
 */
record AddedToken(int id, String content, boolean special, boolean plain) {}
