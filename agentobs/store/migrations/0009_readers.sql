-- Who reads the words of an event's record, where its source does not say: a spool has records of many agents.

ALTER TABLE contexts ADD COLUMN reader text COLLATE "C";

-- What came by network before: mostly AgentEvents, or lines of the agent that they are of.
UPDATE contexts
SET reader = CASE WHEN agent IN ('claude_code', 'codex', 'gemini_cli', 'copilot_cli', 'opencode', 'openhands', 'cline')
                  THEN agent ELSE 'native' END
WHERE context_id IN (SELECT context_id FROM agent_events JOIN sources USING (source_id) WHERE adapter = 'spool');

-- It was indexed without its words.
TRUNCATE search_documents;
UPDATE search_state SET position = 0;
