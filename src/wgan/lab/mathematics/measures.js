export const measured = () => ({});
