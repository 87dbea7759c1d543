/** Line drawings, inline so that they cost no request. Decoration: the words beside them say the same. */

/** How a channel's messages come in decides its drawing; no kind of channel is known here. */
export function ChannelIcon({ entry }: { readonly entry: 'provider' | 'operator' | 'public' | undefined }) {
  const paths = {
    provider: 'M4 5h16v11H9l-5 4z',
    operator: 'M14.5 4.5l5 5L9 20H4v-5zM13 6l5 5',
    public: 'M4 5h16v14H4zM4 9h16M8 13h8M8 16h5',
  } as const;
  return (
    <svg
      width="16"
      height="16"
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="2"
      stroke-linejoin="round"
      stroke-linecap="round"
      aria-hidden="true"
    >
      <path d={paths[entry ?? 'provider']} />
    </svg>
  );
}
